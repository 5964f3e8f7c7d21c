"""The evaluation's figures on disk: one JSON file that several commands write to and `report` reads."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from inference.training.errors import TrainingProblem

MANY: Final = ("runs", "against specialists", "unseen labels", "elsewhere")
"""What holds a figure for each run, or pair of kinds of runs."""


def read(path: Path, *, needed: Collection[str] = ()) -> dict[str, Any]:
    """What was found; raises TrainingProblem if there is none, or some of what is needed is not in it."""
    if not path.is_file():
        raise TrainingProblem(f"no {path}; run `python -m inference.training evaluate` first")
    try:
        found = json.loads(path.read_text())
    except ValueError as exc:
        raise TrainingProblem(f"{path} is not JSON: {exc}") from exc
    if not isinstance(found, dict):
        raise TrainingProblem(f"{path} holds a {type(found).__name__}; expected figures by their names")
    missing = [name for name in needed if name not in found]
    if missing:
        raise TrainingProblem(f"{path} has no {', '.join(missing)}; run `python -m inference.training evaluate` first")
    return found


def check_place(path: Path) -> None:
    """Raises TrainingProblem if `keep` could not write there: ask before the work that makes the figures."""
    if path.is_dir():
        raise TrainingProblem(f"{path} is a folder; expected the file that keeps figures")
    if not path.absolute().parent.is_dir():
        raise TrainingProblem(f"{path}: there is no folder {path.absolute().parent}")
    if path.is_file():
        read(path)


def keep(path: Path, found: Mapping[str, Any], *, added_to: Collection[str] = ()) -> None:
    """Adds figures to the file, in place of those of the same name; others stay as they were.

    Of the names in ``added_to`` each holds many figures: those that were not found anew stay too.
    """
    kept = read(path) if path.is_file() else {}
    many = {name: {**kept.get(name, {}), **found[name]} for name in added_to if name in found}
    path.write_text(json.dumps({**kept, **found, **many}, indent=1) + "\n")
