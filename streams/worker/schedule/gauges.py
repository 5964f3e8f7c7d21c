"""The gauges, brought up to date when Prometheus scrapes."""

from collections.abc import Iterator

from pinstream.lanes import LANES, Lane
from streams.worker.metrics import WorkerMetrics
from streams.worker.protocols import OffsetCommitter
from streams.worker.schedule.assignments import Assignments
from streams.worker.schedule.engine import Engine


def set_gauges(metrics: WorkerMetrics, engine: Engine, committer: OffsetCommitter, *, now_ms: int) -> None:
    """Never asks the broker: a scrape must not wait for one that is away."""
    gauge, scheduler, credits, assignments = metrics.set, engine.scheduler, engine.credits, engine.assignments
    for lane in LANES:
        oldest_ms = assignments.oldest_ms(lane)
        gauge("in_flight", scheduler.in_flight(lane), lane)
        gauge("lag_records", sum(_lags(assignments, committer, lane)), lane)
        gauge("lag_seconds", 0.0 if oldest_ms is None else max(now_ms - oldest_ms, 0) / 1000, lane)
    gauge("queued", scheduler.queued)
    gauge("held_records", credits.held_records)
    gauge("held_bytes", credits.held_bytes)
    gauge("credits_records", credits.max_records)
    gauge("credits_bytes", credits.max_bytes)
    gauge("partitions", len(assignments))
    gauge("paused_partitions", len(engine.outages.paused_partitions))
    gauge("stopped", engine.failure is not None)
    gauge("stalled_seconds", engine.since_finished_s if engine.is_behind else 0.0)
    for service, away_s in engine.outages.durations_s().items():
        gauge("outage_seconds", away_s, service)


def _lags(assignments: Assignments, committer: OffsetCommitter, lane: Lane) -> Iterator[int]:
    """Records published and not finished, for each partition; those not read only where the end is known."""
    for assignment in assignments:
        position = assignment.lanes[lane]
        unread = 0
        if not position.at_end and position.next_offset is not None:
            end = committer.end_offset(lane, assignment.lease.partition)
            unread = max((end or 0) - position.next_offset, 0)
        yield unread + position.tracker.unfinished
