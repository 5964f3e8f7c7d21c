"""What Kafka says of pins: the last event and the last outcome of each, bounded; and what became searchable, in order.

The index knows what it holds. Only Kafka knows why a pin is not there: not indexed yet, dead, or never published.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from cachetools import LRUCache

from pinstream.events import PinOutcome

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

    def is_settled_by(self, other: "RecordPosition") -> bool:
        """Whether the outcome of ``other`` is at least as late as this, of one partition."""
        return (self.topic, self.partition) == (other.topic, other.partition) and self.offset <= other.offset


@dataclass(frozen=True, slots=True)
class KnownPin:
    """The last things heard of a pin."""

    published: RecordPosition | None = None
    outcome: PinOutcome | None = None
    shown: PinOutcome | None = None
    """The last outcome that put a version into the index, or found it there."""

    @property
    def settled(self) -> RecordPosition | None:
        """The event that the outcome is about."""
        return None if self.outcome is None else place_of(self.outcome)

    def place_of(self, version: int) -> RecordPosition | None:
        """Where the event of that version lies, or may lie: what was published last is looked at by nobody here."""
        if self.shown is not None and self.shown.version == version:
            return place_of(self.shown)
        return self.published

    @property
    def is_waiting(self) -> bool:
        """Whether an event was published that has no outcome yet."""
        if self.published is None:
            return False
        return self.settled is None or not self.published.is_settled_by(self.settled)


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

    def published(self, pin_id: str, place: RecordPosition) -> None:
        """An event was seen on one of the lanes."""
        self._known[pin_id] = replace(self.known(pin_id), published=place)

    def settled(self, outcome: PinOutcome) -> None:
        """An outcome was seen; one that says what is known already (a probe's) is no news."""
        before = self.known(outcome.pin_id)
        if before.outcome is not None and before.outcome.finished_at_ms > outcome.finished_at_ms:
            return  # read again after Kafka was away
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


def place_of(outcome: PinOutcome) -> RecordPosition:
    """Where the event of an outcome lies."""
    return RecordPosition(outcome.topic, outcome.partition, outcome.offset)


def _is_repeated(outcome: PinOutcome, before: PinOutcome | None) -> bool:
    return before is not None and (before.outcome, before.version) == (outcome.outcome, outcome.version)
