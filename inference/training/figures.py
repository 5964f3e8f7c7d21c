"""The evaluation's figures on disk: one JSON file that several commands write to and `report` reads."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from inference.training.errors import TrainingProblem

MANY: Final = ("runs", "against specialists", "unseen labels", "elsewhere")
"""What holds a figure for each run, or pair of kinds of runs."""


def read(path: Path) -> dict[str, Any]:
    """What was found; raises TrainingProblem if there is none."""
    if not path.is_file():
        raise TrainingProblem(f"no {path}; run `python -m inference.training evaluate` first")
    try:
        found = json.loads(path.read_text())
    except ValueError as exc:
        raise TrainingProblem(f"{path} is not JSON: {exc}") from exc
    return dict(found)


def keep(path: Path, found: Mapping[str, Any], *, added_to: Collection[str] = ()) -> None:
    """Adds figures to the file, in place of those of the same name; others stay as they were.

    Of the names in ``added_to`` each holds many figures: those that were not found anew stay too.
    """
    kept = read(path) if path.is_file() else {}
    many = {name: {**kept.get(name, {}), **found[name]} for name in added_to if name in found}
    path.write_text(json.dumps({**kept, **found, **many}, indent=1) + "\n")
