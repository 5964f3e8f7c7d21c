"""The file of figures, to which several commands write and which ``report`` reads, and names in it."""

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from inference.training.errors import TrainingProblem

FROZEN: Final = "frozen, random projection"
FROZEN_FLOAT: Final = "frozen, float"
ELSEWHERE: Final = "P@1 in another domain"
MANY: Final = ("runs", "against specialists", "unseen labels", "elsewhere")
"""Keys with one entry for each run, or for each pair of kinds of runs."""
Value = TypeVar("Value")


def read(path: Path, *, needed: Collection[str] = ()) -> dict[str, Any]:
    """All figures; raises TrainingProblem if there is no file, or one of the needed keys is missing."""
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


def check_writable(path: Path) -> None:
    """Raises TrainingProblem if `add` could not write there; to be called before figures are computed."""
    if path.is_dir():
        raise TrainingProblem(f"{path} is a folder; expected the file that keeps figures")
    if not path.absolute().parent.is_dir():
        raise TrainingProblem(f"{path}: there is no folder {path.absolute().parent}")
    if path.is_file():
        read(path)


def add(path: Path, found: Mapping[str, Any], *, merged: Collection[str] = ()) -> None:
    """Writes figures into the file; other keys stay, and other entries of the keys in ``merged``."""
    kept = read(path) if path.is_file() else {}
    many = {name: {**kept.get(name, {}), **found[name]} for name in merged if name in found}
    path.write_text(json.dumps({**kept, **found, **many}, indent=1) + "\n")


def group_seeds(runs: Mapping[str, Value]) -> dict[str, list[Value]]:
    """Runs, or pairs of them, by kind, in the order of their seeds: ``NAME-0``, ``NAME-1`` ... are one kind."""
    found: dict[str, list[Value]] = {}
    for name, run in runs.items():
        found.setdefault(re.sub(r"-\d+(?=\s|$)", "", name), []).append(run)
    return found
