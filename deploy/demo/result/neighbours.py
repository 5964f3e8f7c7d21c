"""What the index answers: for a pin the pins like it, and for each of its objects the objects like that."""

from collections.abc import Mapping, Sequence
from typing import Final

from deploy.demo.result.exhibit import Exhibit, Likeness, Thing
from deploy.demo.result.tally import DemoPin
from pinstream.errors import PinUnknown
from pinstream.events import PinOutcome
from pinstream.search.hits import Hit, PinObject
from pinstream.search.index import VisualIndex

RELATED: Final = 8
SIMILAR: Final = 6
MAX_THINGS: Final = 4
_CANDIDATES: Final = 24


def exhibit_of(index: VisualIndex, pin: DemoPin, pins: Mapping[str, DemoPin], outcome: PinOutcome | None) -> Exhibit:
    """Everything there is to show of an indexed pin; raises PinUnknown, IndexUnavailable."""
    indexed = index.get(pin.pin_id)
    objects = sorted(indexed.objects, key=lambda thing: -thing.score)[:MAX_THINGS]
    return Exhibit(
        pin_id=pin.pin_id,
        title=pin.title,
        file=pin.file,
        freshness_ms=outcome.freshness_ms if outcome else None,
        things=tuple(_thing(index, pin.pin_id, thing, pins) for thing in objects),
        related=tuple(_likeness(hit, pins) for hit in index.related(pin.pin_id, limit=RELATED)),
    )


def candidates(outcomes: Mapping[str, PinOutcome], found: Sequence[str]) -> list[str]:
    """The found pins with most objects, best first: those worth a look."""
    return sorted(found, key=lambda pin_id: -min(outcomes[pin_id].objects, MAX_THINGS))[:_CANDIDATES]


def unfindable(index: VisualIndex, pin_ids: Sequence[str]) -> list[str]:
    """Which of these pins are not in the index."""
    return [pin_id for pin_id in pin_ids if not _is_there(index, pin_id)]


def _is_there(index: VisualIndex, pin_id: str) -> bool:
    try:
        index.get(pin_id)
    except PinUnknown:
        return False
    return True


def _thing(index: VisualIndex, pin_id: str, thing: PinObject, pins: Mapping[str, DemoPin]) -> Thing:
    similar = index.similar(pin_id, thing.slot, limit=SIMILAR)
    return Thing(
        slot=thing.slot,
        label=thing.label,
        score=thing.score,
        box=thing.box,
        similar=tuple(_likeness(hit, pins) for hit in similar),
    )


def _likeness(hit: Hit, pins: Mapping[str, DemoPin]) -> Likeness:
    published_here = pins.get(hit.pin_id)
    return Likeness(
        pin_id=hit.pin_id,
        title=hit.title,
        label=hit.label,
        box=hit.box,
        distance=hit.distance,
        age_ms=round(hit.age_s * 1000),
        file=published_here.file if published_here else None,
    )
