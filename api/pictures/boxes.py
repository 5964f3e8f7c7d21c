"""Rectangles on a picture: whether one can be asked for, how much two share, and which object a person meant."""

from collections.abc import Sequence
from typing import Final

from pinstream.search.hits import PinObject
from pinstream.store.collection import Box

MIN_SIDE: Final = 0.01
"""A thinner box shows nothing."""
SNAP_IOU: Final = 0.4
"""From this overlap on (intersection over union) an object is offered in place of a drawn box."""


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = _area(one) + _area(other) - shared
    return shared / union if union > 0 else 0.0


def nearest(box: Box, objects: Sequence[PinObject]) -> PinObject | None:
    """The object that shares most with ``box``, if that is enough to be meant."""
    best = max(objects, key=lambda thing: (overlap(box, thing.box), -thing.slot), default=None)
    return best if best is not None and overlap(box, best.box) >= SNAP_IOU else None


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
