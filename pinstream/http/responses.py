"""What Flashlight and Lens return; the other calls return what `VisualIndex` does."""

from collections.abc import Iterator
from dataclasses import dataclass

from pinstream.search.hits import Hit, PinObject
from pinstream.store.collection import Box


@dataclass(frozen=True, slots=True)
class Flashlight:
    """Scenes that hold something like a box on a pin; ``Hit.box`` is where."""

    hits: tuple[Hit, ...]
    exhausted: bool
    cursor: str | None
    box: Box
    """The box that was searched for: left, top, right, bottom, as fractions of the picture, 0 to 1."""
    snap_to: PinObject | None
    """The object that the given box is probably about, if there is one."""

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
    """What the models found on a photo; ``dominant`` is the index in ``objects`` of the main one, if any."""

    width_px: int
    height_px: int
    objects: tuple[LensObject, ...]
    dominant: int | None


@dataclass(frozen=True, slots=True)
class Lens:
    """What is like a photo, most relevant first.

    ``Hit.query`` is 0 where the whole photo found the hit, and i + 1 where ``understood.objects[i]`` did.
    """

    hits: tuple[Hit, ...]
    exhausted: bool
    understood: LensPhoto

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)
