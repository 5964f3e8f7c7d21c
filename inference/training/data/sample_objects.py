"""``objects.json``, which ``python -m samples`` writes with its pictures: the objects on each picture."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from inference.images import Box
from inference.training.errors import BadPhotos

TABLE: Final = "objects.json"


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """One object that is on a picture."""

    label: str
    box: Box
    product: str  # the same on every picture of this product


def read_objects(folder: Path) -> dict[str, tuple[GroundTruth, ...]]:
    """The objects on each picture, by the picture's name; raises BadPhotos if the table is missing or wrong."""
    table = folder / TABLE
    if not table.is_file():
        raise BadPhotos(
            f"no {table}; write drawn pictures with `python -m samples --out {folder} --first 4000 --pins 500`"
        )
    try:
        return {name: _parse_objects(objects) for name, objects in json.loads(table.read_bytes()).items()}
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise BadPhotos(
            f"{table}: {exc!r}; expected picture names, each with a list of label, box and product"
        ) from exc


def _parse_objects(objects: Any) -> tuple[GroundTruth, ...]:
    if not isinstance(objects, list):
        raise TypeError(f"{objects!r} is no list")
    return tuple(GroundTruth(str(o["label"]), _parse_box(o["box"]), str(o.get("product", ""))) for o in objects)


def _parse_box(given: Any) -> Box:
    x0, y0, x1, y1 = map(float, given)
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise ValueError(f"box {given}: expected left < right and top < bottom, all 0 to 1")
    return Box(x0, y0, x1, y1)
