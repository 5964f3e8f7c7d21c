"""One event on its way through the worker, from record to result: plain records, no behaviour."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

from pinstream.errors import EventInvalid
from pinstream.events import REPAIR_HEADER, REPLAYS_HEADER, PinDeletion, PinEvent, Result, Stage, decode_event
from pinstream.lanes import Lane
from pinstream.store.codes import Code
from streams.worker.record import ConsumedRecord, Lease

_MAX_REPAIRED_SLOT: Final = 256
"""No pin has more objects; a header that claims more must not cause more tombstones than this."""


@dataclass(slots=True, eq=False)
class PinTask:
    """A consumed record, decoded. ``event`` is the error where the record holds no valid event."""

    record: ConsumedRecord
    lease: Lease
    event: PinEvent | PinDeletion | EventInvalid
    log_number: int = 0
    """How often its partition's offsets had gone back when it was read."""
    stages_ms: dict[Stage, float] = field(default_factory=dict)
    attempts: int = 1
    """How often the picture was requested."""
    stage: str = "event"
    """The stage that it entered last; a dead letter names it."""

    @property
    def pin(self) -> Hashable:
        """Equal for tasks that must not overtake each other: the pin id; for an invalid event the record's position."""
        record = self.record
        unique = (record.topic, record.partition, record.offset)
        return unique if isinstance(self.event, EventInvalid) else self.event.pin_id

    @property
    def version(self) -> int:
        """The event's version; 0 without a valid event."""
        return 0 if isinstance(self.event, EventInvalid) else self.event.version

    @property
    def deletes(self) -> bool:
        return isinstance(self.event, PinDeletion)

    @property
    def repairs_up_to(self) -> int | None:
        """For a repair by the audit, the last slot that it found of this pin; None for any other event."""
        found = next((value for name, value in self.record.headers if name == REPAIR_HEADER), None)
        if found is None:
            return None
        # Any publisher may send this header with any value.
        return min(int(found), _MAX_REPAIRED_SLOT) if found.isdigit() and len(found) < 6 else 0

    @property
    def is_republished(self) -> bool:
        """Whether a repair or a replay published it again: its age then says nothing about freshness."""
        return any(name in (REPAIR_HEADER, REPLAYS_HEADER) for name, _ in self.record.headers)

    @property
    def lane(self) -> Lane:
        return self.record.lane


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What became of one event, before its outcome is published."""

    outcome: Result
    objects: int = 0
    reason: str | None = None
    whole: Code | None = None
    """The whole picture's code, where the pin is in the index now: the visibility probe searches with it."""


def task_of(record: ConsumedRecord, lease: Lease, *, log_number: int = 0) -> PinTask:
    """The record, decoded once; never raises."""
    event: PinEvent | PinDeletion | EventInvalid
    try:
        event = decode_event(record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
    except EventInvalid as exc:
        event = exc
    return PinTask(record, lease, event, log_number)
