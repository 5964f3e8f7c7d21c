"""``python -m inference``: detect and embed pictures from the command line."""

from inference.cli import app

app(prog_name="python -m inference")
