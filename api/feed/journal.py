"""What Kafka says of pins: the last event and the last outcome of each, bounded; and what became searchable, in order.

The index knows what it holds. Only Kafka knows why a pin is not there: not indexed yet, dead, or never published.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from cachetools import LRUCache

from pinstream.events import PinOutcome
from pinstream.standing import EventPosition, accounts_for, is_later, is_newer

State = Literal["unknown", "deleted", "not-indexed-yet", "dead"]
Kind = Literal["pin", "gone"]

_KINDS: Final[dict[str, Kind]] = {"indexed": "pin", "deleted": "gone"}
_SHOWN: Final = ("indexed", "unchanged")


@dataclass(frozen=True, slots=True)
class RecordPosition:
    """Where a record lies on Kafka."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class KnownPin:
    """A pin's newest event and latest outcome, as far as they were read."""

    event: EventPosition | None = None
    outcome: PinOutcome | None = None
    shown: PinOutcome | None = None
    """The last outcome that put a version into the index, or found it there."""

    def place_of(self, version: int) -> RecordPosition | None:
        """Where the event of that version is; where that is not known, the newest event's place."""
        if self.shown is not None and self.shown.version == version:
            return place_of(self.shown)
        return None if self.event is None else place_of(self.event)

    @property
    def is_waiting(self) -> bool:
        """Whether an event was published that no outcome accounts for yet."""
        return self.event is not None and not accounts_for(self.outcome, self.event)


@dataclass(frozen=True, slots=True)
class News:
    """A version of a pin became searchable, or the pin was deleted."""

    kind: Kind
    pin_id: str
    version: int
    at_ms: int

    @property
    def event_id(self) -> str:
        """The same on every instance of this service, and after a restart."""
        return f"{self.at_ms}-{self.pin_id}"


class Journal:
    """Fed by one reader of Kafka; use it from one event loop."""

    def __init__(self, *, pins: int, hear: Callable[[News], None] = lambda _news: None) -> None:
        self._known: LRUCache[str, KnownPin] = LRUCache(pins)
        self._hear = hear

    def known(self, pin_id: str) -> KnownPin:
        """What is remembered of a pin."""
        return self._known.get(pin_id) or KnownPin()

    def add_event(self, pin_id: str, event: EventPosition) -> None:
        """An event of one of the lanes, in any order."""
        before = self.known(pin_id)
        if is_newer(event, before.event):
            self._known[pin_id] = replace(before, event=event)

    def add_outcome(self, outcome: PinOutcome) -> None:
        """An outcome, in any order; one that repeats what is known (a probe's) is no news."""
        before = self.known(outcome.pin_id)
        if not is_later(outcome, before.outcome):
            return  # of an older version, or read again after Kafka was away
        shown = outcome if outcome.outcome in _SHOWN else before.shown
        self._known[outcome.pin_id] = replace(before, outcome=outcome, shown=shown)
        kind = _KINDS.get(outcome.outcome)
        if kind is not None and outcome.version is not None and not _is_repeated(outcome, before.outcome):
            self._hear(News(kind, outcome.pin_id, outcome.version, outcome.finished_at_ms))

    def why_missing(self, pin_id: str) -> tuple[State, str]:
        """Of a pin that the index has not: its state, and what to tell a person."""
        known = self.known(pin_id)
        outcome = known.outcome
        if known.is_waiting:
            return "not-indexed-yet", f"pin {pin_id!r} was published and is not indexed yet: ask again in a moment"
        if outcome is None:
            return "unknown", f"pin {pin_id!r} is not in the index, and nothing was heard of it lately"
        match outcome.outcome:
            case "dead":
                return "dead", f"pin {pin_id!r} cannot be indexed: {outcome.reason or 'no reason was given'}"
            case "deleted":
                return "deleted", f"pin {pin_id!r} was deleted"
            case "indexed":
                return "not-indexed-yet", f"pin {pin_id!r} was written to the index and is not to be seen yet"
        return "unknown", f"pin {pin_id!r} is not in the index; its last event was {outcome.outcome}"


def place_of(record: PinOutcome | EventPosition) -> RecordPosition:
    """Where an event is, or the event of an outcome."""
    return RecordPosition(record.topic, record.partition, record.offset)


def _is_repeated(outcome: PinOutcome, before: PinOutcome | None) -> bool:
    return before is not None and (before.outcome, before.version) == (outcome.outcome, outcome.version)
