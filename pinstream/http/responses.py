"""What Flashlight and Lens answer with, beside plain search results."""

from collections.abc import Iterator
from dataclasses import dataclass

from pinstream.search.hits import Hit, PinObject
from pinstream.store.collection import Box


@dataclass(frozen=True, slots=True)
class Flashlight:
    """Scenes that hold something like a box on a pin, each hit with the matching box."""

    hits: tuple[Hit, ...]
    exhausted: bool
    cursor: str | None
    box: Box
    """What was searched for."""
    snap_to: PinObject | None
    """The object that the drawn box is probably about; offered."""

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)


@dataclass(frozen=True, slots=True)
class LensObject:
    """One object that was detected on a photo."""

    label: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True)
class LensPhoto:
    """What the models made of a photo; ``dominant`` is the place in ``objects`` of what it is about."""

    width_px: int
    height_px: int
    objects: tuple[LensObject, ...]
    dominant: int | None


@dataclass(frozen=True, slots=True)
class Lens:
    """What is like a photo, most relevant first; ``Hit.query`` is 0 for the whole, i + 1 for ``objects[i]``."""

    hits: tuple[Hit, ...]
    exhausted: bool
    understood: LensPhoto

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)
