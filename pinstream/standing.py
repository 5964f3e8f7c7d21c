"""What became of a pin: the one rule for which outcome accounts for which event. Pure: no network, no clock.

The events of a pin come on two topics (the lanes), its outcomes on a third, and programs read them in any order. Where
a pin stands follows from its newest event and its latest outcome, whichever was read first:

- of two events the greater version is the newer; of equal versions the deletion, then the one that was published
  later, then the one that an operator published again;
- of two outcomes the one of the greater version is the later; of equal versions a deletion stands, else the one that
  was finished later;
- an outcome accounts for the events of its own and of all older versions, with two exceptions: only its own outcome or
  that of a deletion accounts for a deletion, and an event that died or was superseded says nothing of the same
  version published again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from pinstream.errors import EventInvalid
from pinstream.events import REPAIR_HEADER, REPLAYS_HEADER, Headers, PinDeletion, Result, decode_event
from pinstream.lanes import Lane, lane_of

Standing = Literal["waiting", "searchable", "dead", "superseded"]

STANDINGS: Final[Mapping[Result, Standing]] = {
    "dead": "dead",
    "superseded": "superseded",
    "unchanged": "searchable",
    "indexed": "searchable",
    "deleted": "searchable",
}
"""What an outcome means for the event that it accounts for: a deletion that is done is as good as a pin that is found.
Of two outcomes of one event, finished together, the one that is further down stands."""
_MAX_DIGITS: Final = 10
_STRENGTH: Final[Mapping[str, int]] = {result: strength for strength, result in enumerate(STANDINGS)}


class AnyRecord(Protocol):
    """A Kafka record, from whichever client."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def timestamp_ms(self) -> int: ...


class AnyOutcome(Protocol):
    """What the rule needs of an outcome; `PinOutcome` has it."""

    @property
    def outcome(self) -> Result: ...
    @property
    def version(self) -> int | None: ...
    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def finished_at_ms(self) -> int: ...
    @property
    def visible_at_ms(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPosition:
    """What the rule needs of an event: where it is, and how new it is."""

    topic: str
    partition: int
    offset: int
    version: int | None
    """None for an event that does not decode: it is older than every other, and says nothing of the pin."""
    is_deletion: bool
    published_at_ms: int
    republished: int = 0
    """How often an operator published it again: by replaying its dead letter, or to repair what an audit found. Its
    timestamp stays the first one's, so it says nothing of when it came."""

    @property
    def lane(self) -> Lane:
        return lane_of(self.topic)

    @property
    def rank(self) -> tuple[int, bool]:
        """Orders events of different versions; of equal versions the deletion wins."""
        return self.version or 0, self.is_deletion


def event_position(record: AnyRecord) -> EventPosition:
    """The position of a lane's record, whether its event decodes or not."""
    version, is_deletion = None, record.value is None
    try:
        event = decode_event(record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
        version, is_deletion = event.version, isinstance(event, PinDeletion)
    except EventInvalid:
        pass
    return EventPosition(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        version=version,
        is_deletion=is_deletion,
        published_at_ms=record.timestamp_ms,
        republished=replay_count(record.headers) + any(name == REPAIR_HEADER for name, _ in record.headers),
    )


def replay_count(headers: Headers) -> int:
    """How often the dead letter of an event was replayed, by its headers."""
    values = [value for name, value in headers if name == REPLAYS_HEADER and value is not None]
    return max((int(value) for value in values if value.isdigit() and len(value) < _MAX_DIGITS), default=0)


def event_order(event: EventPosition) -> tuple[tuple[int, bool], int, int, str, int]:
    """Of a pin's events the one with the greatest of these is the newest."""
    # Kafka has no order between two topics, so publication times decide. What an operator published again has the time
    # of the first, and comes after it by the count.
    return event.rank, event.published_at_ms, event.republished, event.lane, event.offset


def outcome_order(outcome: AnyOutcome) -> tuple[int, bool, int, str, int, int, bool]:
    """Of a pin's outcomes the one with the greatest of these is the latest."""
    return (
        outcome.version or 0,
        outcome.outcome == "deleted",  # later events of that version are refused, which makes their outcomes no news
        outcome.finished_at_ms,
        lane_of(outcome.topic),
        outcome.offset,
        _STRENGTH[outcome.outcome],
        outcome.visible_at_ms is not None,
    )


def is_newer(event: EventPosition, than: EventPosition | None) -> bool:
    """Whether of two events of a pin ``event`` is the one that counts."""
    return than is None or event_order(event) > event_order(than)


def is_later(outcome: AnyOutcome, than: AnyOutcome | None) -> bool:
    """Whether of two outcomes of a pin ``outcome`` is the one that counts."""
    return than is None or outcome_order(outcome) > outcome_order(than)


def accounts_for(outcome: AnyOutcome | None, event: EventPosition) -> bool:
    """Whether ``outcome`` is that of ``event``, or of an event of its pin that makes ``event`` obsolete."""
    if outcome is None:
        return False
    same_lane = (lane_of(outcome.topic), outcome.partition) == (event.lane, event.partition)
    if same_lane and outcome.offset == event.offset:
        return True
    if (outcome.version or 0) == (event.version or 0):
        return _accounts_for_same_version(outcome, event, same_lane=same_lane)
    return (outcome.version or 0) > (event.version or 0)


def _accounts_for_same_version(outcome: AnyOutcome, event: EventPosition, *, same_lane: bool) -> bool:
    if event.is_deletion:
        return outcome.outcome == "deleted"
    if STANDINGS[outcome.outcome] == "searchable":
        return True
    if same_lane:
        return outcome.offset > event.offset
    # Offsets of two lanes cannot be compared. What was published after that outcome waits for its own, and so does
    # what an operator published again. A version that is in flight on both lanes at once is accounted for too early.
    return not event.republished and outcome.finished_at_ms >= event.published_at_ms


def standing_of(event: EventPosition, outcome: AnyOutcome | None) -> Standing:
    """Where a pin stands whose newest event and latest outcome these are."""
    if outcome is None or not accounts_for(outcome, event):
        return "waiting"
    return STANDINGS[outcome.outcome]
