"""Several codes asked as one question: what a distance is worth whichever code it belongs to, and which code leads.

Lens asks for a photo's whole picture and for each object on it; their distances mean different things, so hits are
merged by a calibrated relevance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pinstream.search.query import CodeQuery
from pinstream.store.codes import Code
from pinstream.store.collection import Box, Slots

LARGE_SHARE: Final = 0.2
"""An object dominates from this share of the picture's area on, ..."""
CLEAR_LEAD: Final = 2.0
"""... if its score times its area is so many times the next object's."""
SECOND_WEIGHT: Final = 0.8
"""What other objects are worth beside a dominant one, times their score."""
LEAST_SCORE: Final = 0.1
PICTURE_WEIGHTS: Final = (1.0, 0.9, 0.3)
"""What the whole picture is worth beside no object, one, or several: the more things on it, the less it says of each.

Chosen on labelled photos of photographers who judge nothing else; near-duplicates lead all the same.
"""

HALF_AT_BITS: Final[dict[Slots, float]] = {"whole": 96.0, "objects": 94.2, "any": 95.1}
"""At this distance half of the rows show the same kind of thing, ..."""
BITS_PER_E: Final[dict[Slots, float]] = {"whole": 9.1, "objects": 10.4, "any": 9.8}
"""... and so many bits further the odds are 2.7 times worse. Fitted by tests/bench/products on labelled photos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoPart:
    """One object that was detected on a photo, and its code."""

    code: Code
    label: str
    score: float
    box: Box


def relevance(distance: int, slots: Slots) -> float:
    """How likely a row this far away shows the same kind of thing, 1 to 0, for whole pictures and for objects."""
    return 1 / (1 + math.exp((distance - HALF_AT_BITS[slots]) / BITS_PER_E[slots]))


def dominant(objects: Sequence[PhotoPart]) -> int | None:
    """The place in ``objects`` of the one that the photo is about, if there is one."""
    if not objects:
        return None
    weights = [thing.score * area(thing.box) for thing in objects]
    first, *others = sorted(range(len(objects)), key=lambda i: (-weights[i], i))
    large = area(objects[first].box) >= LARGE_SHARE
    clear = not others or weights[first] >= CLEAR_LEAD * weights[others[0]]
    return first if large and clear else None


def lens_queries(picture: Code, objects: Sequence[PhotoPart]) -> list[CodeQuery]:
    """What to ask for a photo: place 0 is the whole picture, place i the object ``objects[i - 1]``."""
    leader = dominant(objects)
    behind = 1.0 if leader is None else SECOND_WEIGHT
    weight = PICTURE_WEIGHTS[min(len(objects), len(PICTURE_WEIGHTS) - 1)]
    queries = [CodeQuery(code=picture, slots="whole", weight=weight)]
    for i, thing in enumerate(objects):
        weight = 1.0 if i == leader else behind * min(max(thing.score, LEAST_SCORE), 1.0)
        queries.append(CodeQuery(code=thing.code, slots="objects", weight=weight))
    return queries


def area(box: Box) -> float:
    """The share of the picture that ``box`` covers."""
    left, top, right, bottom = box
    return max(right - left, 0.0) * max(bottom - top, 0.0)
