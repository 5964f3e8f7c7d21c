"""``python -m deploy.local``."""

import sys


def main() -> None:
    """Run a command; a missing package is one sentence instead of a traceback."""
    try:
        from deploy.local.cli import app  # noqa: PLC0415 (what it imports may be missing)
    except ModuleNotFoundError as exc:
        sys.exit(f"the Python package {exc.name} is missing; `make setup` installs it, then use .venv/bin/python.")
    except KeyboardInterrupt:
        sys.exit(130)
    app(prog_name="python -m deploy.local")


if __name__ == "__main__":
    main()
