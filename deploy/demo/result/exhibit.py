"""What the demo shows of an indexed pin: the pin, the pins like it, and for each object on it the objects like that."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pinstream.store.codes import similarity
from pinstream.store.collection import Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """One search result: a pin, or the object of it inside ``box``."""

    pin_id: str
    title: str
    label: str
    box: Box
    distance: int
    age_ms: int
    """How long ago the pin had been published when it was found."""
    file: Path | None
    """Its picture; None if it was published by somebody else."""

    @property
    def similarity(self) -> float:
        """1.0 for equal codes, 0.0 for unrelated ones."""
        return similarity(self.distance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """An object found on a pin, and objects like it on other pins."""

    slot: int
    label: str
    score: float
    box: Box
    similar: tuple[Likeness, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A pin and everything that was found with it."""

    pin_id: str
    title: str
    file: Path
    freshness_ms: int | None
    things: tuple[Thing, ...]
    related: tuple[Likeness, ...]

    @property
    def interest(self) -> float:
        """How much there is to see: several kinds of objects, each with a match, and neighbours that are near
        without being copies."""
        kinds = len({thing.label for thing in self.things})
        near = sum(like.similarity for like in self.related[:4] if like.distance > 0)
        matched = sum(thing.similar[0].similarity for thing in self.things if thing.similar)
        return min(kinds, 4) + near + matched


def most_interesting(exhibits: Sequence[Exhibit], *, limit: int) -> tuple[Exhibit, ...]:
    """The exhibits with most to see, best first; of equals the earlier."""
    return tuple(sorted(exhibits, key=lambda exhibit: -exhibit.interest)[:limit])
