"""The newest event and the latest outcome of each recent pin, as they are read from Kafka.

The index says which pins it holds. Only Kafka says why one is missing: not indexed yet, dead, or never published.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from cachetools import LRUCache

from pinstream.events import PinOutcome
from pinstream.standing import EventPosition, accounts_for, is_later, is_newer

State = Literal["unknown", "deleted", "not-indexed-yet", "dead"]
Kind = Literal["pin", "gone"]

_CHANGES: Final[dict[str, Kind]] = {"indexed": "pin", "deleted": "gone"}
_IN_INDEX: Final = ("indexed", "unchanged")


@dataclass(frozen=True, slots=True)
class RecordPosition:
    """Where a record is on Kafka."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class LaneEvent:
    """An event of one of the lanes."""

    pin_id: str
    event: EventPosition


TailRecord = LaneEvent | PinOutcome


@dataclass(frozen=True, slots=True)
class RecentPin:
    """A pin's newest event and latest outcome of those that were read."""

    event: EventPosition | None = None
    outcome: PinOutcome | None = None
    indexed: PinOutcome | None = None
    """The latest outcome after which the pin was in the index."""

    def position_of_version(self, version: int) -> RecordPosition | None:
        """Where the event of that version is; if that is not known, where the newest event is."""
        if self.indexed is not None and self.indexed.version == version:
            return position_of(self.indexed)
        return None if self.event is None else position_of(self.event)

    @property
    def is_waiting(self) -> bool:
        """Whether an event was published that no outcome accounts for yet."""
        return self.event is not None and not accounts_for(self.outcome, self.event)


@dataclass(frozen=True, slots=True)
class PinChange:
    """A version of a pin became searchable, or the pin was deleted."""

    kind: Kind
    pin_id: str
    version: int
    at_ms: int

    @property
    def event_id(self) -> str:
        """The same on every instance of this service and after a restart."""
        return f"{self.at_ms}-{self.pin_id}"


class RecentPins:
    """The ``capacity`` pins with the latest records; reports changes to the index. Use it from one event loop."""

    def __init__(self, *, capacity: int, on_change: Callable[[PinChange], None] = lambda _change: None) -> None:
        self._pins: LRUCache[str, RecentPin] = LRUCache(capacity)
        self._on_change = on_change

    def get(self, pin_id: str) -> RecentPin:
        return self._pins.get(pin_id) or RecentPin()

    def add_records(self, records: Iterable[TailRecord]) -> None:
        for record in records:
            if isinstance(record, LaneEvent):
                self.add_event(record.pin_id, record.event)
            else:
                self.add_outcome(record)

    def add_event(self, pin_id: str, event: EventPosition) -> None:
        """Events of both lanes may come in any order."""
        before = self.get(pin_id)
        if is_newer(event, before.event):
            self._pins[pin_id] = replace(before, event=event)

    def add_outcome(self, outcome: PinOutcome) -> None:
        """Outcomes may come in any order. One that repeats what is known (a probe's) is no change."""
        before = self.get(outcome.pin_id)
        if not is_later(outcome, before.outcome):
            return  # of an older version, or read again after a reconnect
        # A later version that died or was superseded leaves the earlier one in the index.
        indexed = outcome if outcome.outcome in _IN_INDEX else before.indexed
        self._pins[outcome.pin_id] = replace(before, outcome=outcome, indexed=indexed)
        kind = _CHANGES.get(outcome.outcome)
        if kind is not None and outcome.version is not None and not _is_repeated(outcome, before.outcome):
            self._on_change(PinChange(kind, outcome.pin_id, outcome.version, outcome.finished_at_ms))

    def explain_missing(self, pin_id: str) -> tuple[State, str]:
        """The state of a pin that is not in the index, and a sentence for people."""
        pin = self.get(pin_id)
        outcome = pin.outcome
        if pin.is_waiting:
            return "not-indexed-yet", f"pin {pin_id!r} was published and is not indexed yet: try again in a moment"
        if outcome is None:
            return "unknown", f"pin {pin_id!r} is not in the index, and no recent event or outcome of it is known"
        match outcome.outcome:
            case "dead":
                return "dead", f"pin {pin_id!r} cannot be indexed: {outcome.reason or 'no reason was given'}"
            case "deleted":
                return "deleted", f"pin {pin_id!r} was deleted"
            case "indexed":
                return "not-indexed-yet", f"pin {pin_id!r} was written to the index and is not visible yet"
        return "unknown", f"pin {pin_id!r} is not in the index; the outcome of its last event is {outcome.outcome}"


def position_of(record: PinOutcome | EventPosition) -> RecordPosition:
    """Where an event is, or the event of an outcome."""
    return RecordPosition(record.topic, record.partition, record.offset)


def _is_repeated(outcome: PinOutcome, before: PinOutcome | None) -> bool:
    return before is not None and (before.outcome, before.version) == (outcome.outcome, outcome.version)
