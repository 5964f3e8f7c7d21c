"""``python -m schemas``: write the snapshots; with ``--check``, only say which are out of date."""

import argparse
import sys

from schemas.snapshots import FOLDER, differing, write


def main() -> int:
    """The exit status: 1 if ``--check`` found a difference."""
    parser = argparse.ArgumentParser(prog="python -m schemas", description="Write the contracts' snapshots.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    if parser.parse_args().check:
        stale = differing()
        for name in stale:
            print(f"schemas/{name} is out of date: run `python -m schemas`", file=sys.stderr)
        return 1 if stale else 0
    changed = write()
    print(f"wrote {', '.join(changed)} in {FOLDER.name}/" if changed else "everything is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
