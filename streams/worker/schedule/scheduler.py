"""What is begun when: records become work, wait for their pin and a place, are carried, settled and finished."""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from fetch.errors import FetchError
from inference.errors import ModelMismatch, PictureRefused
from pinstream.errors import EventInvalid, IndexMismatch, IndexRefused
from pinstream.lanes import Lane
from streams.errors import Abandoned, WorkerStopped
from streams.worker.consume.credits import Credits
from streams.worker.record import ConsumedRecord, Lease
from streams.worker.schedule.assignments import Assignments
from streams.worker.schedule.pin_queue import PinQueue
from streams.worker.task import PinTask, TaskResult, task_of

log = logging.getLogger(__name__)

INVALID: Final = (EventInvalid, FetchError, PictureRefused, IndexRefused)
"""Errors that will not go away for this pin: a dead letter."""
FATAL: Final = (ModelMismatch, IndexMismatch, WorkerStopped)
"""Errors that no pin can survive: stop."""


@dataclass(frozen=True, slots=True)
class ReachedEnd:
    """A lane's partition has nothing more to read for now; ``offset`` is the next one it will have."""

    lane: Lane
    partition: int
    offset: int


Consumed = ConsumedRecord | ReachedEnd


class Finish(Protocol):
    """Where finished work is told: see `streams.worker.finish.finisher.Finisher`."""

    async def bury(self, work: PinTask, error: Exception, *, unexpected: bool) -> TaskResult:
        """A dead letter, acknowledged when this returns; raises BreakerTripped if there were too many."""
        ...

    def tell(self, work: PinTask, settled: TaskResult, done: Callable[[], None]) -> None:
        """Publish the outcome; ``done`` is called in the event loop once Kafka has acknowledged it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlightLimits:
    """How much work may be in flight: the live lane may use all places, the backfill some."""

    total: int = 16
    backfill: int = 8
    aside: int = 64
    """How many pins more may wait for failing hosts; beyond that they keep their places."""


class Scheduler:
    """Everything between the lanes and the path of one pin. Lives in the event loop; nothing here blocks."""

    def __init__(  # noqa: PLR0913 (the one place where the pieces meet)
        self,
        *,
        carry: Callable[[PinTask], Awaitable[TaskResult]],
        settle: Finish,
        holdings: Assignments,
        credits: Credits,
        places: InFlightLimits,
        fail: Callable[[BaseException], None],
        on_finished: Callable[[], None],
        on_abandoned: Callable[[], None],
    ) -> None:
        self._carry = carry
        self._settle = settle
        self._holdings = holdings
        self._credits = credits
        self._places = places
        self._fail = fail
        self._on_finished = on_finished
        self._on_abandoned = on_abandoned
        self._order: PinQueue[PinTask] = PinQueue()
        self._tasks: dict[asyncio.Task[None], PinTask] = {}
        self._open: Counter[Lease] = Counter()
        """Work accepted and not released, by lease."""
        self._aside: set[PinTask] = set()
        """Work that has begun and left its place to others, for as long as its host fails."""
        self._returning: deque[tuple[PinTask, asyncio.Future[None]]] = deque()
        self._draining: frozenset[int] = frozenset()
        self._stopped = False
        self._changed = asyncio.Event()

    def in_flight(self, lane: Lane) -> int:
        """Work of a lane that has begun."""
        return self._order.active(lane)

    @property
    def waiting(self) -> int:
        """Work that has not begun."""
        return self._order.waiting

    def accept(self, batch: Sequence[Consumed]) -> None:
        """Records (their credits taken) and ends, in the order in which the lane read them."""
        for taken in batch:
            if isinstance(taken, ReachedEnd):
                self._reached_end(taken)
            else:
                self._accept(taken)
        self._begin()

    async def drain(self, partitions: Sequence[int], *, deadline_s: float) -> None:
        """Begin nothing more of these partitions, and wait for what has begun; then their leases end.

        What has not finished by the deadline is cut off: whoever gets the partition does it again.
        """
        gone = frozenset(partitions)
        leases = [holding.lease for partition in gone if (holding := self._holdings.get(partition)) is not None]
        self._draining |= gone
        for work in self._order.drop(lambda work: work.record.partition in gone):
            self._abandon(work)
        try:
            async with asyncio.timeout(deadline_s):
                while any(self._open[lease] for lease in leases):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            log.warning("partitions given up with work in flight", extra={"partitions": sorted(gone)})

    def lose(self, partitions: Sequence[int]) -> None:
        """The partitions are another worker's already: drop their work, write nothing more."""
        gone = frozenset(partitions)
        self._holdings.release(gone)
        self._draining -= gone
        for work in self._order.drop(lambda work: work.record.partition in gone):
            self._abandon(work)
        for task, work in self._tasks.items():
            if work.record.partition in gone and not work.lease.held:
                task.cancel()

    def stop(self) -> None:
        """Begin nothing more, of any partition."""
        self._stopped = True

    def _reached_end(self, end: ReachedEnd) -> None:
        holding = self._holdings.get(end.partition)
        if holding is not None:
            position = holding.lanes[end.lane]
            position.at_end, position.next_offset = True, end.offset

    def _accept(self, record: ConsumedRecord) -> None:
        holding = self._holdings.get(record.partition)
        if holding is None or self._stopped or record.partition in self._draining:
            self._credits.give_back(record.lane, record.size_bytes)
            self._on_abandoned()
            return
        position = holding.lanes[record.lane]
        position.progress.begin(record.offset, timestamp_ms=record.timestamp_ms)
        position.at_end, position.next_offset = False, record.offset + 1
        self._open[holding.lease] += 1
        work = task_of(record, holding.lease)
        work.leave_place, work.regain_place = partial(self._leave, work), partial(self._regain, work)
        older = self._order.admit(work)
        if older is not None:
            reason = "a newer event of the pin came before this one began"
            self._tell(older, TaskResult(result="superseded", reason=reason))

    def _begin(self) -> None:
        while self._returning and self._busy() < self._places.total:
            returned, admitted = self._returning.popleft()
            self._aside.discard(returned)
            if not admitted.done():
                admitted.set_result(None)
        while not self._stopped and (work := self._next()) is not None:
            task = asyncio.get_running_loop().create_task(self._run(work))
            self._tasks[task] = work
            task.add_done_callback(self._ended)

    def _next(self) -> PinTask | None:
        if self._busy() >= self._places.total:
            return None
        live = self._order.begin("live")
        if live is not None or self._busy("backfill") >= self._places.backfill:
            return live
        return self._order.begin("backfill")

    def _busy(self, lane: Lane | None = None) -> int:
        """Places in use."""
        return self._order.active(lane) - sum(1 for work in self._aside if lane in (None, work.lane))

    def _leave(self, work: PinTask) -> None:
        if len(self._aside) < self._places.aside:
            self._aside.add(work)
            self._begin()

    async def _regain(self, work: PinTask) -> None:
        """Returns once there is a place again: those who come back go before those who begin."""
        if work in self._aside:
            admitted = asyncio.get_running_loop().create_future()
            self._returning.append((work, admitted))
            self._begin()
            await admitted

    async def _run(self, work: PinTask) -> None:
        try:
            self._tell(work, await self._carried(work))
        except Abandoned:
            self._abandon(work)
        except FATAL as exc:
            self._fail(exc)

    async def _carried(self, work: PinTask) -> TaskResult:
        try:
            return await self._carry(work)
        except INVALID as exc:
            return await self._settle.bury(work, exc, unexpected=False)
        except (Abandoned, *FATAL):
            raise
        except Exception as exc:
            log.error("unexpected exception on one pin", exc_info=exc, extra=context(work))
            return await self._settle.bury(work, exc, unexpected=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        work = self._tasks.pop(task)
        self._order.finish(work.pin)
        self._aside.discard(work)
        if task.cancelled():
            self._abandon(work)
        elif (error := task.exception()) is not None:
            self._fail(error)
        self._changed.set()
        self._begin()

    def _tell(self, work: PinTask, settled: TaskResult) -> None:
        self._settle.tell(work, settled, lambda: self._finish(work))

    def _finish(self, work: PinTask) -> None:
        """Rows or dead letter and the outcome are acknowledged: the offset may be committed."""
        holding = self._holdings.get(work.record.partition)
        if holding is not None and holding.lease is work.lease:
            holding.lanes[work.lane].progress.finish(work.record.offset)
        self._on_finished()
        self._release(work)

    def _abandon(self, work: PinTask) -> None:
        """Somebody else does it again: no outcome, no offset."""
        self._on_abandoned()
        self._release(work)

    def _release(self, work: PinTask) -> None:
        self._credits.give_back(work.lane, work.record.size_bytes)
        self._open[work.lease] -= 1
        if not self._open[work.lease]:
            del self._open[work.lease]
        self._changed.set()


def context(work: PinTask) -> dict[str, object]:
    """What a log line about one pin must say."""
    record = work.record
    return {
        "pin_id": str(work.pin),
        "version": work.version,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
    }
