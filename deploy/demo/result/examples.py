"""Example pins for the result: a pin, the pins like it, and for each object on it the objects like that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.demo.result.tally import DemoPin
from pinstream.errors import PinUnknown
from pinstream.events import PinOutcome
from pinstream.search.hits import Hit
from pinstream.search.index import VisualIndex
from pinstream.store.collection import Box

RELATED: Final = 8
SIMILAR: Final = 6
MAX_OBJECTS: Final = 4
_CANDIDATES: Final = 24


@dataclass(frozen=True, slots=True)
class ExampleHit:
    """One search result, and its picture; None if somebody else published it."""

    hit: Hit
    file: Path | None

    @property
    def name(self) -> str:
        return self.hit.title or self.hit.pin_id


@dataclass(frozen=True, slots=True)
class ExampleObject:
    """An object found on a pin, and objects like it on other pins."""

    label: str
    score: float
    box: Box
    similar: tuple[ExampleHit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplePin:
    """A pin and everything that was found with it."""

    pin_id: str
    title: str
    file: Path
    freshness_ms: int | None
    objects: tuple[ExampleObject, ...]
    related: tuple[ExampleHit, ...]

    @property
    def interest(self) -> float:
        """How much there is to see: several kinds of objects, each with a similar one; near pins that are no copies."""
        kinds = len({each.label for each in self.objects})
        near = sum(related.hit.similarity for related in self.related[:4] if related.hit.distance > 0)
        matched = sum(each.similar[0].hit.similarity for each in self.objects if each.similar)
        return min(kinds, 4) + near + matched


def find_examples(
    index: VisualIndex, pins: Mapping[str, DemoPin], found: Mapping[str, PinOutcome], *, limit: int
) -> tuple[ExamplePin, ...]:
    """The most interesting pins, best first, chosen among those with most objects."""
    tried = sorted(found, key=lambda pin_id: -min(found[pin_id].objects, MAX_OBJECTS))[:_CANDIDATES]
    examples = [example_of(index, pins[pin_id], pins, found[pin_id]) for pin_id in tried]
    return tuple(sorted(examples, key=lambda example: -example.interest)[:limit])


def example_of(index: VisualIndex, pin: DemoPin, pins: Mapping[str, DemoPin], outcome: PinOutcome) -> ExamplePin:
    """Everything there is to show of an indexed pin; raises PinUnknown, IndexUnavailable."""

    def with_files(hits: Iterable[Hit]) -> tuple[ExampleHit, ...]:
        return tuple(ExampleHit(hit, pins[hit.pin_id].file if hit.pin_id in pins else None) for hit in hits)

    objects = sorted(index.get(pin.pin_id).objects, key=lambda each: -each.score)[:MAX_OBJECTS]
    return ExamplePin(
        pin_id=pin.pin_id,
        title=pin.title,
        file=pin.file,
        freshness_ms=outcome.freshness_ms,
        objects=tuple(
            ExampleObject(
                each.label,
                each.score,
                each.box,
                with_files(index.similar(pin.pin_id, each.slot, limit=SIMILAR)),
            )
            for each in objects
        ),
        related=with_files(index.related(pin.pin_id, limit=RELATED)),
    )


def not_in_index(index: VisualIndex, pin_ids: Sequence[str]) -> list[str]:
    """Which of these pins are not in the index."""
    missing = []
    for pin_id in pin_ids:
        try:
            index.get(pin_id)
        except PinUnknown:
            missing.append(pin_id)
    return missing
