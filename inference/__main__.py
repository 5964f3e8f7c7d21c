"""``python -m inference``: detect and embed pictures from the command line."""

from inference.cli import app

if __name__ == "__main__":
    app(prog_name="python -m inference")
