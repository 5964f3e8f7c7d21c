"""``python -m pinstream``: the same as ``pinstream``."""

from pinstream.cli import app

if __name__ == "__main__":
    app(prog_name="pinstream")
