"""Partitions come and go, records become outcomes, offsets are committed: the worker's middle, in one event loop."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from pinstream.lanes import LANES, Lane
from streams.worker.consume.credits import Credits
from streams.worker.health import WorkerState
from streams.worker.metrics import WorkerMetrics
from streams.worker.process.retry import Outages
from streams.worker.record import ConsumedRecord
from streams.worker.schedule.assignments import Assignments, Offsets
from streams.worker.schedule.scheduler import Consumed, Finish, InFlightLimits, Scheduler
from streams.worker.task import PinTask, TaskResult

log = logging.getLogger(__name__)


class OffsetCommitter(Protocol):
    """Where offsets go: see `streams.worker.consume.consumers.LaneConsumers`."""

    def commit(self, lane: Lane, offsets: Offsets) -> None:
        """Send a commit, without waiting."""
        ...

    def end_offset(self, lane: Lane, partition: int) -> int | None:
        """The offset after the last record published, if known."""
        ...


class Engine:
    """Owner of this worker's partitions. All methods belong to the event loop."""

    def __init__(  # noqa: PLR0913 (the one place where the pieces meet)
        self,
        *,
        carry: Callable[[PinTask], Awaitable[TaskResult]],
        settle: Finish,
        credits: Credits,
        places: InFlightLimits,
        outages: Outages,
        metrics: WorkerMetrics,
        drain_s: float,
    ) -> None:
        self.holdings = Assignments()
        self.failure: BaseException | None = None
        """Why the worker must stop, if it must."""
        self.stopped = asyncio.Event()
        """Set when the worker must stop, for whatever reason."""
        self._credits = credits
        self._outages = outages
        self._metrics = metrics
        self._drain_s = drain_s
        self._finished_at_s = time.monotonic()
        self._joined = False
        self._dispatch = Scheduler(
            carry=carry,
            settle=settle,
            holdings=self.holdings,
            credits=credits,
            places=places,
            fail=self.fail,
            on_finished=self._finished,
            on_abandoned=lambda: metrics.add("abandoned"),
        )

    def granted(self, partitions: Sequence[int]) -> None:
        """See Owner."""
        self._joined = True
        self.holdings.grant(partitions)
        self._finished_at_s = time.monotonic()
        log.info("partitions granted", extra={"partitions": sorted(partitions), "held": len(self.holdings)})

    async def revoked(self, partitions: Sequence[int]) -> Mapping[Lane, Offsets]:
        """See Owner: drains, within the deadline."""
        offsets: dict[Lane, Offsets] = {lane: {} for lane in LANES}
        if self.failure is None:
            await self._dispatch.drain(partitions, deadline_s=self._drain_s)
            offsets = {lane: self.holdings.uncommitted(lane, partitions) for lane in LANES}
        self._dispatch.lose(partitions)
        log.info("partitions given back", extra={"partitions": sorted(partitions), "held": len(self.holdings)})
        return offsets

    def lost(self, partitions: Sequence[int]) -> None:
        """See Owner."""
        self._dispatch.lose(partitions)

    def deliver(self, batch: Sequence[Consumed]) -> None:
        """See Owner."""
        records = [taken for taken in batch if isinstance(taken, ConsumedRecord)]
        if records:
            self._outages.answered("kafka")
            self._metrics.add("records", records[0].lane, amount=len(records))
            if not self._behind:
                self._finished_at_s = time.monotonic()  # the quiet before does not count as being stuck
        self._dispatch.accept(batch)

    def committed(self, lane: Lane, offsets: Offsets, *, failed: bool) -> None:
        """See Owner."""
        self._metrics.add("commits", "failed" if failed else "done")
        if failed:
            self.holdings.committed(lane, dict.fromkeys(offsets))

    def fail(self, error: BaseException) -> None:
        """See Owner: the first failure is the reason; nothing more is begun or committed."""
        if self.failure is None:
            self.failure = error
            log.error("the worker must stop: %s", error, exc_info=error)
        self._dispatch.stop()
        self.stopped.set()

    def stop(self) -> None:
        """Begin nothing more; what has begun is drained when the lanes close."""
        self.stopped.set()

    def commit(self, commits: OffsetCommitter) -> None:
        """Commit the finished prefixes that are not committed yet."""
        if self.failure is not None:
            return
        for lane in LANES:
            offsets = self.holdings.uncommitted(lane)
            if offsets:
                self.holdings.committed(lane, offsets)
                commits.commit(lane, offsets)

    @property
    def idle(self) -> bool:
        """Whether everything published so far, on every partition held, is finished."""
        return self._joined and self.holdings.at_end and self.holdings.unfinished == 0

    def pulse(self) -> WorkerState:
        """How the worker is, for the health endpoint."""
        return WorkerState(
            behind=self._behind,
            since_finished_s=time.monotonic() - self._finished_at_s,
            partitions=len(self.holdings),
            held=self._credits.held_records,
            away_s=dict(self._outages.away_s),
        )

    def collect(self, commits: OffsetCommitter, *, now_ms: int) -> None:
        """Bring the gauges up to date."""
        gauge, holdings = self._metrics.set, self.holdings
        for lane in LANES:
            gauge("in_flight", self._dispatch.in_flight(lane), lane)
            gauge("lag_records", sum(_lag(holdings, commits, lane)), lane)
            oldest_ms = holdings.oldest_ms(lane)
            gauge("lag_seconds", 0.0 if oldest_ms is None else max(now_ms - oldest_ms, 0) / 1000, lane)
        gauge("waiting", self._dispatch.waiting)
        gauge("held_records", self._credits.held_records)
        gauge("held_bytes", self._credits.held_bytes)
        gauge("credits_records", self._credits.max_records)
        gauge("credits_bytes", self._credits.max_bytes)
        gauge("partitions", len(holdings))
        gauge("waiting_partitions", len(self._outages.waiting_partitions))
        gauge("stopped", self.failure is not None)
        gauge("stalled_seconds", time.monotonic() - self._finished_at_s if self._behind else 0.0)
        for service, away_s in self._outages.known().items():
            gauge("outage_seconds", away_s, service)

    @property
    def _behind(self) -> bool:
        return self.holdings.unfinished > 0 or not self.holdings.at_end

    def _finished(self) -> None:
        self._finished_at_s = time.monotonic()


def _lag(holdings: Assignments, commits: OffsetCommitter, lane: Lane) -> list[int]:
    """Records published and not finished, for each partition where that is known."""
    lags = []
    for holding in holdings:
        position = holding.lanes[lane]
        unread = 0
        if not position.at_end and position.next_offset is not None:
            end = commits.end_offset(lane, holding.lease.partition)
            unread = max((end or 0) - position.next_offset, 0)
        lags.append(unread + position.progress.unfinished)
    return lags
