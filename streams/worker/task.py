"""One event on its way: what it asks for, under which lease, and how long each stage took."""

import time
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Final

from pinstream.errors import EventInvalid
from pinstream.events import REPAIR_HEADER, REPLAYS_HEADER, PinDeletion, PinEvent, Result, Stage, decode_event
from pinstream.lanes import Lane
from pinstream.store.codes import Code
from streams.worker.record import ConsumedRecord, Lease

_MAX_REPAIRED_SLOT: Final = 256
"""No pin has so many objects; whoever says so in a header writes no more tombstones than this."""


def _nothing_to_leave() -> None:
    """Work that no dispatch has given a place."""


async def _nothing_to_regain() -> None:
    """The same."""


@dataclass(slots=True, eq=False)
class PinTask:
    """A taken record, decoded; ``event`` holds what is wrong with it if it is no event."""

    record: ConsumedRecord
    lease: Lease
    event: PinEvent | PinDeletion | EventInvalid
    stages_ms: dict[Stage, float] = field(default_factory=dict)
    attempts: int = 1
    stage: str = "event"
    """Where it is now, for its dead letter."""
    traced: Callable[[str], AbstractContextManager[object]] = nullcontext
    """Given a stage's name, its span: see `streams.worker.tracing`."""
    leave_place: Callable[[], None] = _nothing_to_leave
    """Called when it begins to wait for a failing host: its place may be another pin's meanwhile. Safe to repeat."""
    regain_place: Callable[[], Awaitable[None]] = _nothing_to_regain
    """Awaited before it goes on after that."""

    @property
    def pin(self) -> Hashable:
        """The pin id; an event that does not decode is ordered with nothing."""
        record = self.record
        nothing = (record.topic, record.partition, record.offset)
        return nothing if isinstance(self.event, EventInvalid) else self.event.pin_id

    @property
    def version(self) -> int:
        """The event's; 0 where it does not decode."""
        return 0 if isinstance(self.event, EventInvalid) else self.event.version

    @property
    def deletes(self) -> bool:
        """Whether it is a deletion."""
        return isinstance(self.event, PinDeletion)

    @property
    def repairs_up_to(self) -> int | None:
        """The last slot that an audit saw of this pin, where its rows must be written again; else None."""
        found = next((value for name, value in self.record.headers if name == REPAIR_HEADER), None)
        if found is None:
            return None
        return min(int(found), _MAX_REPAIRED_SLOT) if found.isdigit() and len(found) < 6 else 0

    @property
    def comes_again(self) -> bool:
        """Whether an operator published it again: its age then says nothing of how fresh pins are."""
        return any(name in (REPAIR_HEADER, REPLAYS_HEADER) for name, _ in self.record.headers)

    @property
    def lane(self) -> Lane:
        """The record's."""
        return self.record.lane

    @contextmanager
    def timed(self, stage: Stage, clock: Callable[[], float] = time.perf_counter) -> Iterator[None]:
        """Adds the block's duration to its stage."""
        self.stage = stage
        begun_s = clock()
        try:
            with self.traced(stage):
                yield
        finally:
            self.stages_ms[stage] = self.stages_ms.get(stage, 0.0) + (clock() - begun_s) * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What became of one event, before it is told to anybody."""

    result: Result
    objects: int = 0
    reason: str | None = None
    whole: Code | None = None
    """The picture's code, where the pin is in the index now: a probe searches with it."""


def task_of(record: ConsumedRecord, lease: Lease) -> PinTask:
    """The record decoded, once; never raises."""
    event: PinEvent | PinDeletion | EventInvalid
    try:
        event = decode_event(record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
    except EventInvalid as exc:
        event = exc
    return PinTask(record, lease, event)
