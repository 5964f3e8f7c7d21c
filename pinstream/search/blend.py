"""Several codes in one query, as Lens searches: for a photo as a whole and for each object on it.

Distances between whole pictures and between objects mean different things, so hits are merged by a calibrated
relevance, and each code has a weight.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pinstream.search.query import CodeQuery
from pinstream.store.codes import Code
from pinstream.store.collection import Box, Slots

LARGE_SHARE: Final = 0.2
"""A dominant object covers at least this share of the picture's area."""
CLEAR_LEAD: Final = 2.0
"""A dominant object's score times its area is at least twice the next object's."""
SECOND_WEIGHT: Final = 0.8
"""If one object dominates, the weight of the others is their score times this."""
LEAST_SCORE: Final = 0.1
"""Lower scores count as this."""
PICTURE_WEIGHTS: Final = (1.0, 0.9, 0.3)
"""The weight of the whole picture if there is no object on it, one, or several: with more, it says less of each.

Chosen on labelled photos that are used for nothing else. Near-duplicates come first whatever the weights.
"""

HALF_AT_BITS: Final[dict[Slots, float]] = {"whole": 96.0, "objects": 94.2, "any": 95.1}
"""The distance at which half of the rows show the same kind of thing: the logistic curve's midpoint."""
BITS_PER_E: Final[dict[Slots, float]] = {"whole": 9.1, "objects": 10.4, "any": 9.8}
"""The curve's scale: with this many bits more, the odds fall by a factor of e. tests/bench/products fits both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPart:
    """One object that was detected on a photo, and its code."""

    code: Code
    label: str
    score: float
    box: Box


def relevance(distance: int, slots: Slots) -> float:
    """How probably a row at this distance shows the same kind of thing, 1 to 0."""
    return 1 / (1 + math.exp((distance - HALF_AT_BITS[slots]) / BITS_PER_E[slots]))


def dominant(objects: Sequence[PhotoPart]) -> int | None:
    """The index in ``objects`` of the one that the photo is about, if there is one."""
    if not objects:
        return None
    weights = [each.score * area(each.box) for each in objects]
    first, *others = sorted(range(len(objects)), key=lambda i: (-weights[i], i))
    large = area(objects[first].box) >= LARGE_SHARE
    clear = not others or weights[first] >= CLEAR_LEAD * weights[others[0]]
    return first if large and clear else None


def lens_queries(picture: Code, objects: Sequence[PhotoPart]) -> list[CodeQuery]:
    """The queries for a photo: first the whole picture, then each object, in order."""
    leader = dominant(objects)
    others = 1.0 if leader is None else SECOND_WEIGHT
    weight = PICTURE_WEIGHTS[min(len(objects), len(PICTURE_WEIGHTS) - 1)]
    queries = [CodeQuery(code=picture, slots="whole", weight=weight)]
    for i, each in enumerate(objects):
        weight = 1.0 if i == leader else others * min(max(each.score, LEAST_SCORE), 1.0)
        queries.append(CodeQuery(code=each.code, slots="objects", weight=weight))
    return queries


def area(box: Box) -> float:
    """The share of the picture that ``box`` covers."""
    left, top, right, bottom = box
    return max(right - left, 0.0) * max(bottom - top, 0.0)
