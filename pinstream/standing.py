"""The standing of a pin, and the rule for which outcome accounts for which event. No network, no clock.

The events of a pin come on two topics (the lanes), its outcomes on a third, and programs read them in any order. So the
standing of a pin depends only on its newest event and its latest outcome, whichever was read first:

- of two events the greater version is the newer; of equal versions the deletion, then the one that was published
  later: by offset in one lane, by time in two;
- of two outcomes the one of the greater version is the later; of equal versions the deletion, then that of the later
  event of a lane, then the one that was finished later;
- an outcome accounts for the events of its own version and of all older ones, with two exceptions: a deletion needs its
  own outcome or that of another deletion; and the outcome `dead` or `superseded` does not account for an event of the
  same version that was published again later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from pinstream.errors import EventInvalid
from pinstream.events import REPAIR_HEADER, REPLAYS_HEADER, Headers, PinDeletion, Result, decode_event
from pinstream.kafka.stored_record import StoredRecord
from pinstream.lanes import Lane, lane_of

Standing = Literal["waiting", "searchable", "dead", "superseded"]

STANDINGS: Final[Mapping[Result, Standing]] = {
    "dead": "dead",
    "superseded": "superseded",
    "unchanged": "searchable",
    "indexed": "searchable",
    "deleted": "searchable",
}
"""What each outcome means for the event that it accounts for; a finished deletion counts as searchable.

The order matters: of two outcomes of one event that finished in the same millisecond, the one listed later here counts.
"""
_MAX_DIGITS: Final = 10
_STRENGTH: Final[Mapping[str, int]] = {result: strength for strength, result in enumerate(STANDINGS)}


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
    """None for an event that does not decode: every other event of the pin counts as newer."""
    is_deletion: bool
    published_at_ms: int
    republished: int = 0
    """How often an operator published it again, by a replay of its dead letter or by an audit's repair. Its timestamp
    is still that of the first time, so only this count shows that it came later."""

    @property
    def lane(self) -> Lane:
        return lane_of(self.topic)

    @property
    def rank(self) -> tuple[int, bool]:
        """Orders events of different versions; of equal versions the deletion wins."""
        return self.version or 0, self.is_deletion


def event_position(record: StoredRecord) -> EventPosition:
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


def is_newer(event: EventPosition, than: EventPosition | None) -> bool:
    """Whether ``event`` is newer than ``than``, another event of the same pin."""
    if than is None or event.rank != than.rank:
        return than is None or event.rank > than.rank
    if _is_same_lane(event, than):
        return event.offset > than.offset
    # Kafka has no order between two topics, so publication times decide. An event that an operator published again has
    # the publication time of the original; the count puts it after the original.
    return (event.published_at_ms, event.republished, event.lane) > (than.published_at_ms, than.republished, than.lane)


def outcome_rank(outcome: AnyOutcome) -> tuple[int, bool]:
    """Orders outcomes of different versions, and can be compared with an event's rank.

    Of equal versions a deletion comes last: the worker refuses later events of that version, so their outcomes change
    nothing.
    """
    return outcome.version or 0, outcome.outcome == "deleted"


def is_later(outcome: AnyOutcome, than: AnyOutcome | None) -> bool:
    """Whether ``outcome`` is later than ``than``, another outcome of the same pin."""
    if than is None or outcome_rank(outcome) != outcome_rank(than):
        return than is None or outcome_rank(outcome) > outcome_rank(than)
    if _is_same_lane(outcome, than) and outcome.offset != than.offset:
        return outcome.offset > than.offset
    return _finish_order(outcome) > _finish_order(than)


def accounts_for(outcome: AnyOutcome | None, event: EventPosition) -> bool:
    """Whether ``outcome`` is that of ``event``, or of an event of its pin that makes ``event`` obsolete."""
    if outcome is None:
        return False
    if _is_same_lane(outcome, event) and outcome.offset == event.offset:
        return True
    if outcome.version == event.version:
        return _accounts_for_same_version(outcome, event)
    return (outcome.version or 0) > (event.version or 0)


def _accounts_for_same_version(outcome: AnyOutcome, event: EventPosition) -> bool:
    if event.is_deletion:
        return outcome.outcome == "deleted"
    if STANDINGS[outcome.outcome] == "searchable":
        return True
    if _is_same_lane(outcome, event):
        return outcome.offset > event.offset
    # Offsets of two lanes cannot be compared, so times are: an event that was published after this outcome, or that an
    # operator published again, needs its own outcome. Known gaps: if one version is in flight on both lanes at the same
    # time, the first outcome accounts for both events; and after a replay on the other lane has died too, a worker that
    # dies before its commit and reads the original again hides the replay's outcome, so the replay seems to wait.
    return not event.republished and outcome.finished_at_ms >= event.published_at_ms


def standing_of(event: EventPosition, outcome: AnyOutcome | None) -> Standing:
    """The standing of a pin, from its newest event and its latest outcome."""
    if outcome is None or not accounts_for(outcome, event):
        return "waiting"
    return STANDINGS[outcome.outcome]


def _is_same_lane(one: EventPosition | AnyOutcome, other: EventPosition | AnyOutcome) -> bool:
    """Whether their offsets can be compared."""
    return (lane_of(one.topic), one.partition) == (lane_of(other.topic), other.partition)


def _finish_order(outcome: AnyOutcome) -> tuple[int, int, bool]:
    return outcome.finished_at_ms, _STRENGTH[outcome.outcome], outcome.visible_at_ms is not None
