"""Connects the consumers with the scheduler: partitions and records in, offsets to commit out."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from pinstream.lanes import LANES, Lane
from streams.worker.checks.health import WorkerState
from streams.worker.consume.credits import Credits
from streams.worker.metrics import WorkerMetrics
from streams.worker.outages import Outages
from streams.worker.protocols import OffsetCommitter, PinProcessor, ResultPublisher
from streams.worker.record import Consumed, ConsumedRecord, Offsets, OffsetsWentBack, RecordsLost
from streams.worker.schedule.assignments import Assignments
from streams.worker.schedule.permits import InFlightLimits
from streams.worker.schedule.scheduler import Scheduler

log = logging.getLogger(__name__)


class Engine:
    """The `PartitionOwner`. All methods belong to the event loop."""

    def __init__(  # noqa: PLR0913 (the one place where the stages meet)
        self,
        *,
        processor: PinProcessor,
        publisher: ResultPublisher,
        credits: Credits,
        limits: InFlightLimits,
        outages: Outages,
        metrics: WorkerMetrics,
        drain_s: float,
    ) -> None:
        self.assignments = Assignments()
        self.credits = credits
        self.outages = outages
        self.failure: BaseException | None = None
        """Why the worker must stop, if it must."""
        self.stopped = asyncio.Event()
        """Set when the worker must stop, for whatever reason."""
        self._metrics = metrics
        self._drain_s = drain_s
        self._finished_at_s = time.monotonic()
        self._was_assigned = False
        self.scheduler = Scheduler(
            processor=processor,
            publisher=publisher,
            assignments=self.assignments,
            credits=credits,
            limits=limits,
            fail=self.fail,
            on_finished=self._note_progress,
            on_abandoned=lambda: metrics.add("abandoned"),
        )

    def on_assigned(self, partitions: Sequence[int]) -> None:
        self._was_assigned = True
        self.assignments.assign(partitions)
        self._note_progress()  # a partition that just arrived is not stuck, however old its oldest record is
        log.info("partitions granted", extra={"partitions": sorted(partitions), "assigned": len(self.assignments)})

    async def on_revoked(self, partitions: Sequence[int]) -> Mapping[Lane, Offsets]:
        offsets: dict[Lane, Offsets] = {lane: {} for lane in LANES}
        if self.failure is None:  # after one nothing is committed, so there is nothing to wait for
            await self.scheduler.drain(partitions, deadline_s=self._drain_s)
            offsets = {lane: self.assignments.offsets_to_commit(lane, partitions) for lane in LANES}
        # The leases end only now: the tasks that the drain waited for still had to write. After this no offset of these
        # partitions is finished, so the offsets above are final.
        self.scheduler.abandon(partitions)
        log.info("partitions given back", extra={"partitions": sorted(partitions), "assigned": len(self.assignments)})
        return offsets

    def on_lost(self, partitions: Sequence[int]) -> None:
        self.scheduler.abandon(partitions)

    def submit(self, batch: Sequence[Consumed]) -> None:
        records = [consumed for consumed in batch if isinstance(consumed, ConsumedRecord)]
        if records:
            self.outages.end("kafka")  # records arrive, so Kafka answers
            self._metrics.add("records", records[0].lane, amount=len(records))
            if not self.is_behind:
                self._note_progress()  # the quiet time before does not count as being stuck
        for consumed in batch:
            if isinstance(consumed, OffsetsWentBack | RecordsLost):
                self._report(consumed)
        self.scheduler.submit(batch)

    def _report(self, found: OffsetsWentBack | RecordsLost) -> None:
        where = {"lane": found.lane, "partition": found.partition}
        if isinstance(found, RecordsLost):
            self._metrics.add("lost_records", found.lane, amount=found.count)
            log.error(
                "Kafka removed records before a worker read them: %d offsets from %d on",
                found.count, found.start, extra=where,
            )  # fmt: skip
        else:
            self._metrics.add("offsets_went_back", found.lane)
            log.warning(
                "offsets went back from %d to %d (topic made again, or log cut at its end): reading on from there",
                found.expected, found.offset, extra=where,
            )  # fmt: skip

    def on_commit(self, lane: Lane, offsets: Offsets, *, failed: bool) -> None:
        self._metrics.add("commits", "failed" if failed else "done")
        if failed:
            self.assignments.mark_committed(lane, dict.fromkeys(offsets))

    def fail(self, error: BaseException) -> None:
        if self.failure is None:
            self.failure = error
            log.error("the worker must stop: %s", error, exc_info=error)
        self.scheduler.stop()
        self.stopped.set()

    def stop(self) -> None:
        """Begin nothing more; what has begun is drained when the consumers close."""
        self.stopped.set()

    def commit(self, committer: OffsetCommitter) -> None:
        """Commit the finished prefixes that are not committed yet; after a failure nothing is."""
        if self.failure is not None:
            return
        for lane in LANES:
            offsets = self.assignments.offsets_to_commit(lane)
            if offsets:
                # Before Kafka has answered, or the next round would send the same offsets again. If the commit fails,
                # `on_commit` marks them as not committed.
                self.assignments.mark_committed(lane, offsets)
                committer.commit(lane, offsets)

    @property
    def is_idle(self) -> bool:
        """Whether everything published so far, on every partition held, is finished."""
        return self._was_assigned and not self.is_behind

    @property
    def is_behind(self) -> bool:
        """Whether anything was published, on a partition held, that is not finished."""
        return self.assignments.unfinished > 0 or not self.assignments.at_end

    @property
    def since_finished_s(self) -> float:
        """How long ago a pin was finished, or there was none to finish."""
        return time.monotonic() - self._finished_at_s

    def state(self) -> WorkerState:
        """What the health endpoint answers."""
        return WorkerState(
            behind=self.is_behind,
            since_finished_s=self.since_finished_s,
            partitions=len(self.assignments),
            held=self.credits.held_records,
            away_s=self.outages.away_s,
        )

    def _note_progress(self) -> None:
        self._finished_at_s = time.monotonic()
