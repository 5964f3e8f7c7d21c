"""Decides when each task begins; publishes its result, and finishes its offset when Kafka has acknowledged that."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from fetch.errors import FetchError
from inference.errors import ModelMismatch, PictureRefused
from pinstream.errors import EventInvalid, IndexMismatch, IndexRefused
from pinstream.lanes import LANES, Lane
from streams.errors import Abandoned, WorkerStopped
from streams.worker.consume.credits import Credits
from streams.worker.protocols import FlightPermit, PinProcessor, ResultPublisher
from streams.worker.record import Consumed, ConsumedRecord, Lease, OffsetsWentBack, ReachedEnd
from streams.worker.schedule.assignments import Assignments
from streams.worker.schedule.permits import InFlightLimits, Permits, TaskPermit
from streams.worker.schedule.pin_queue import PinQueue
from streams.worker.task import PinTask, TaskResult, task_of

log = logging.getLogger(__name__)

INVALID: Final = (EventInvalid, FetchError, PictureRefused, IndexRefused)
"""This event can never be indexed: a dead letter."""
FATAL: Final = (ModelMismatch, IndexMismatch, WorkerStopped)
"""No event can be indexed: stop."""


class Scheduler:
    """Everything between the consumers and `PinProcessor`. Lives in the event loop; nothing here blocks.

    Each record that `submit` takes ends in exactly one of two ways, and gives its credits back there: `_acknowledge`
    (an outcome is in Kafka, the offset may be committed) or `_abandon` (no outcome: another worker reads it again).
    """

    def __init__(  # noqa: PLR0913 (the one place where the stages meet)
        self,
        *,
        processor: PinProcessor,
        publisher: ResultPublisher,
        assignments: Assignments,
        credits: Credits,
        limits: InFlightLimits,
        fail: Callable[[BaseException], None],
        on_finished: Callable[[], None],
        on_abandoned: Callable[[], None],
    ) -> None:
        self._processor = processor
        self._publisher = publisher
        self._assignments = assignments
        self._credits = credits
        self._fail = fail
        self._on_finished = on_finished
        self._on_abandoned = on_abandoned
        self._queue: PinQueue[PinTask] = PinQueue()
        self._permits = Permits(limits, on_released=self._start_tasks)
        self._running: dict[asyncio.Task[None], tuple[PinTask, TaskPermit]] = {}
        self._unfinished: Counter[Lease] = Counter()
        """Tasks submitted and neither acknowledged nor abandoned, by lease: what a drain waits for."""
        self._draining: frozenset[int] = frozenset()
        self._stopped = False
        self._changed = asyncio.Event()

    def in_flight(self, lane: Lane) -> int:
        """Tasks of a lane that have begun, with or without a permit."""
        return self._queue.active(lane)

    @property
    def queued(self) -> int:
        """Tasks that have not begun."""
        return self._queue.queued

    def submit(self, batch: Sequence[Consumed]) -> None:
        """Queue the batch and begin what may begin: see `PartitionOwner`."""
        for consumed in batch:
            if isinstance(consumed, ReachedEnd):
                self._mark_end(consumed)
            elif isinstance(consumed, OffsetsWentBack):
                self._begin_again(consumed)
            elif isinstance(consumed, ConsumedRecord):
                self._enqueue(consumed)
        self._start_tasks()

    async def drain(self, partitions: Sequence[int], *, deadline_s: float) -> None:
        """Begin nothing more of these partitions, and wait until everything that has begun is acknowledged.

        Tasks that are not acknowledged by the deadline run on until `abandon` cancels them; the partitions' next owner
        reads their records again.
        """
        gone = frozenset(partitions)
        leases = [assignment.lease for partition in gone if (assignment := self._assignments.get(partition))]
        # Records of these may still arrive: the backfill's thread reads on until its partitions are unassigned.
        self._draining |= gone
        for task in self._queue.drop(lambda task: task.record.partition in gone):
            self._abandon(task)
        try:
            async with asyncio.timeout(deadline_s):
                while any(self._unfinished[lease] for lease in leases):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            log.warning("partitions revoked before all pins were acknowledged", extra={"partitions": sorted(gone)})

    def abandon(self, partitions: Sequence[int]) -> None:
        """The partitions are another worker's: end their leases, drop their tasks, write nothing more."""
        gone = frozenset(partitions)
        self._assignments.revoke(gone)
        self._draining -= gone
        for task in self._queue.drop(lambda task: task.record.partition in gone):
            self._abandon(task)
        for running, (task, _) in self._running.items():
            # By lease, not by partition: one that came back at once may have tasks of its new lease in flight.
            if task.record.partition in gone and not task.lease.held:
                running.cancel()

    def stop(self) -> None:
        """Begin nothing more, of any partition."""
        self._stopped = True

    def _mark_end(self, end: ReachedEnd) -> None:
        assignment = self._assignments.get(end.partition)
        if assignment is not None:
            assignment.lanes[end.lane].mark_end(end.offset)

    def _begin_again(self, back: OffsetsWentBack) -> None:
        assignment = self._assignments.get(back.partition)
        if assignment is not None:
            assignment.lanes[back.lane].begin_again(back.offset)

    def _enqueue(self, record: ConsumedRecord) -> None:
        assignment = self._assignments.get(record.partition)
        if assignment is None or self._stopped or record.partition in self._draining:
            self._credits.give_back(record.lane, record.size_bytes)
            self._on_abandoned()
            return
        position = assignment.lanes[record.lane]
        position.tracker.add(record.offset, timestamp_ms=record.timestamp_ms)
        position.at_end, position.next_offset = False, record.offset + 1
        self._unfinished[assignment.lease] += 1
        older = self._queue.admit(task_of(record, assignment.lease, log_number=position.log_number))
        if older is not None:
            reason = "a newer event of the pin came before this one began"
            self._publish(older, TaskResult(outcome="superseded", reason=reason))

    def _start_tasks(self) -> None:
        # First the tasks that want their permits back: they hold a picture in memory, a waiting task only a record.
        self._permits.readmit()
        while not self._stopped and (task := self._next_task()) is not None:
            permit = self._permits.acquire(task.lane)
            running = asyncio.get_running_loop().create_task(self._run(task, permit))
            self._running[running] = task, permit
            running.add_done_callback(self._on_done)

    def _next_task(self) -> PinTask | None:
        for lane in LANES:  # live first: the backfill gets what it leaves
            if self._permits.is_free(lane) and (task := self._queue.begin(lane)) is not None:
                return task
        return None

    async def _run(self, task: PinTask, permit: FlightPermit) -> None:
        """Process one task and publish its result; `_acknowledge` finishes its offset later."""
        try:
            self._publish(task, await self._process(task, permit))
        except Abandoned:
            self._abandon(task)
        except FATAL as exc:
            self._fail(exc)

    async def _process(self, task: PinTask, permit: FlightPermit) -> TaskResult:
        try:
            return await self._processor.process(task, permit)
        except INVALID as exc:
            return await self._publisher.write_dead_letter(task, exc, unexpected=False)
        except (Abandoned, *FATAL):
            raise
        except Exception as exc:
            # One pin's exception must not stop the worker. A bug that affects every pin trips the breaker, which does.
            log.error("unexpected exception on one pin", exc_info=exc, extra=log_context(task))
            return await self._publisher.write_dead_letter(task, exc, unexpected=True)

    def _on_done(self, running: asyncio.Task[None]) -> None:
        task, permit = self._running.pop(running)
        self._queue.release(task.pin)
        self._permits.close(permit)
        if running.cancelled():
            self._abandon(task)
        elif (error := running.exception()) is not None:
            # Not an error of the pin, which `_process` made a dead letter: publishing failed, so the offset must stay.
            self._fail(error)
        self._changed.set()
        self._start_tasks()

    def _publish(self, task: PinTask, result: TaskResult) -> None:
        self._publisher.publish_outcome(task, result, lambda: self._acknowledge(task))

    def _acknowledge(self, task: PinTask) -> None:
        """Rows or dead letter, and the outcome, are acknowledged: the offset may be committed."""
        assignment = self._assignments.get(task.record.partition)
        # The partition may have left and come back meanwhile: then its tracker counts from the last commit, and this
        # offset, which it has not begun, is read again. Or its log was replaced: then the offset is another record's.
        if assignment is not None and assignment.lease is task.lease:
            position = assignment.lanes[task.lane]
            if position.log_number == task.log_number:
                position.tracker.finish(task.record.offset)
        self._on_finished()
        self._release(task)

    def _abandon(self, task: PinTask) -> None:
        """Publish nothing and finish no offset: the partition's next owner reads the record again."""
        self._on_abandoned()
        self._release(task)

    def _release(self, task: PinTask) -> None:
        self._credits.give_back(task.lane, task.record.size_bytes)
        self._unfinished[task.lease] -= 1
        if not self._unfinished[task.lease]:
            del self._unfinished[task.lease]
        self._changed.set()


def log_context(task: PinTask) -> dict[str, object]:
    """What a log line about one pin names."""
    record = task.record
    return {
        "pin_id": str(task.pin),
        "version": task.version,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
    }
