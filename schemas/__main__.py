"""``python -m schemas``: write the documents from the code; with ``--check``, only report which are out of date."""

import argparse
import sys

from schemas.snapshots import FOLDER, outdated, write


def main() -> int:
    """Returns the exit status: 1 if ``--check`` found an outdated file."""
    parser = argparse.ArgumentParser(
        prog="python -m schemas", description="Write the contract documents in schemas/ from the code."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is out of date")
    if parser.parse_args().check:
        names = outdated()
        for name in names:
            print(f"schemas/{name} is out of date: run `python -m schemas`", file=sys.stderr)
        return 1 if names else 0
    changed = write()
    print(f"wrote {', '.join(changed)} in {FOLDER.name}/" if changed else "everything is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
