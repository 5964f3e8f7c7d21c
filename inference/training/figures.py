"""The evaluation's figures on disk: one JSON file that several commands write to and `report` reads."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inference.training.errors import TrainingProblem


def read(path: Path) -> dict[str, Any]:
    """What was found; raises TrainingProblem if there is none."""
    if not path.is_file():
        raise TrainingProblem(f"no {path}; run `python -m inference.training evaluate` first")
    try:
        found = json.loads(path.read_text())
    except ValueError as exc:
        raise TrainingProblem(f"{path} is not JSON: {exc}") from exc
    return dict(found)


def keep(path: Path, found: Mapping[str, Any]) -> None:
    """Adds figures to the file, in place of those of the same name; others stay as they were."""
    kept = read(path) if path.is_file() else {}
    path.write_text(json.dumps({**kept, **found}, indent=1) + "\n")
