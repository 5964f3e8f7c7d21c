"""Boxes on a picture: the smallest allowed, intersection over union, and the object that a drawn box covers."""

from collections.abc import Sequence
from typing import Final

from pinstream.search.hits import PinObject
from pinstream.store.collection import Box

MIN_SIDE: Final = 0.01
"""Shortest side of a box, as a fraction of the picture."""
SNAP_IOU: Final = 0.4
"""A drawn box covers an object if their intersection over union is at least this."""


def iou(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = _area(one) + _area(other) - shared
    return shared / union if union > 0 else 0.0


def best_match(box: Box, objects: Sequence[PinObject]) -> PinObject | None:
    """The object with the largest IoU with ``box``, if that is at least `SNAP_IOU`."""
    best = max(objects, key=lambda each: (iou(box, each.box), -each.slot), default=None)
    return best if best is not None and iou(box, best.box) >= SNAP_IOU else None


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
