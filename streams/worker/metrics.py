"""Every metric of the worker, in one table."""

from collections.abc import Iterable
from typing import Final, get_args

from pinstream.events import STAGES, Result
from pinstream.lanes import LANES
from schemas.metrics import Collectors, Metric

TABLE: Final = (
    Metric("pinstream_worker_records_total", "counter", "records taken from Kafka", ("lane",)),
    Metric("pinstream_worker_lost_records_total", "counter", "offsets that Kafka removed before being read", ("lane",)),
    Metric("pinstream_worker_offsets_went_back_total", "counter", "partitions made again or cut at the end", ("lane",)),
    Metric("pinstream_worker_outcomes_total", "counter", "events by outcome", ("lane", "outcome")),
    Metric("pinstream_worker_abandoned_total", "counter", "records whose partition moved before they were finished"),
    Metric("pinstream_worker_dead_letters_total", "counter", "dead letters by class of the error", ("reason",)),
    Metric("pinstream_worker_stage_seconds", "histogram", "duration of one stage of one pin", ("stage",)),
    Metric("pinstream_worker_freshness_seconds", "histogram", "age of a probed pin when a search first returned it"),
    Metric("pinstream_worker_acknowledged_seconds", "histogram", "age of a pin when the index acknowledged it"),
    Metric("pinstream_worker_objects_total", "counter", "objects indexed, whole pictures not counted"),
    Metric("pinstream_worker_events_total", "counter", "repins, recalls, reads, refetches, clocks ahead", ("event",)),
    Metric("pinstream_worker_retries_total", "counter", "calls repeated after no answer", ("service",)),
    Metric("pinstream_worker_milvus_seconds", "histogram", "duration of one call of upsert, read or search", ("call",)),
    Metric("pinstream_worker_probes_total", "counter", "visibility probes by result", ("result",)),
    Metric("pinstream_worker_model_check_total", "counter", "model checks: ok or failed", ("result",)),
    Metric("pinstream_worker_commits_total", "counter", "offset commits by result", ("result",)),
    Metric("pinstream_worker_in_flight", "gauge", "pins whose task has begun and not ended", ("lane",)),
    Metric("pinstream_worker_queued", "gauge", "records read from Kafka whose task has not begun"),
    Metric("pinstream_worker_held_records", "gauge", "record credits in use"),
    Metric("pinstream_worker_held_bytes", "gauge", "byte credits in use"),
    Metric("pinstream_worker_credits_records", "gauge", "record credits in all"),
    Metric("pinstream_worker_credits_bytes", "gauge", "byte credits in all"),
    Metric("pinstream_worker_partitions", "gauge", "partitions held"),
    Metric("pinstream_worker_paused_partitions", "gauge", "partitions paused until a service answers"),
    Metric("pinstream_worker_lag_records", "gauge", "records published and not finished", ("lane",)),
    Metric("pinstream_worker_lag_seconds", "gauge", "age of the oldest record published and not finished", ("lane",)),
    Metric("pinstream_worker_stalled_seconds", "gauge", "time without a finished pin while there is lag; else 0"),
    Metric("pinstream_worker_outage_seconds", "gauge", "time that a service has not answered; else 0", ("service",)),
    Metric("pinstream_worker_breaker_ratio", "gauge", "weight of dead letters in the window, per event"),
    Metric("pinstream_worker_breaker_in_a_row", "gauge", "weight of dead letters since the last other outcome"),
    Metric("pinstream_worker_breaker_open", "gauge", "1 once too many dead letters stopped the worker"),
    Metric("pinstream_worker_stopped", "gauge", "1 once the worker has failed and commits no more"),
    Metric("pinstream_worker_model_check_drift_bits", "gauge", "bits by which Triton's code differs from the card's"),
)  # fmt: skip


class WorkerMetrics(Collectors):
    """The table's metrics; those whose label values are known begin at 0."""

    def __init__(self) -> None:
        super().__init__(TABLE, process="worker")
        self.prepare("stage", STAGES)
        self.prepare("milvus", ("upsert", "read", "search"))
        for result in ("ok", "failed"):
            self.add("model_check", result, amount=0)
        for lane in LANES:
            for outcome in get_args(Result):
                self.add("outcomes", lane, outcome, amount=0)
            for name in ("records", "lost_records", "offsets_went_back"):
                self.add(name, lane, amount=0)

    def add_stages(self, stages_ms: Iterable[tuple[str, float]]) -> None:
        """Add the durations of one pin's stages."""
        for stage, duration_ms in stages_ms:
            self.observe("stage", duration_ms / 1000, stage)
