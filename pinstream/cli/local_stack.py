"""The local stack that runs from this folder or one above it, as its state file says."""

import json
from pathlib import Path
from typing import Final

STACK_FILE: Final = Path(".local/stack.json")


def stack_endpoint(part: str) -> str:
    """Where ``part`` of the stack is that was started from this folder or one above it, or an empty text."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        try:
            stack = json.loads((folder / STACK_FILE).read_text())
            return str(stack["endpoints"][part])
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError):
            return ""
    return ""
