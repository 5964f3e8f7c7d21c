"""Every metric of the worker, in one table; dashboards and alerts may use no other name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pinstream.events import STAGES, Result
from streams.records import LANES

Kind = Literal["counter", "gauge", "histogram"]

_SECONDS: Final = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 1800,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metric:
    """One name, what it counts in which unit, and by which labels. Counters end in ``_total``."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()


TABLE: Final = (
    Metric("pinstream_worker_records_total", "counter", "records taken from Kafka", ("lane",)),
    Metric("pinstream_worker_outcomes_total", "counter", "events by what became of them", ("lane", "outcome")),
    Metric("pinstream_worker_abandoned_total", "counter", "records given up with their partition; done elsewhere"),
    Metric("pinstream_worker_dead_letters_total", "counter", "dead letters by class of the error", ("reason",)),
    Metric("pinstream_worker_stage_seconds", "histogram", "duration of one stage of one pin", ("stage",)),
    Metric("pinstream_worker_freshness_seconds", "histogram", "age of a probed pin when a search first returned it"),
    Metric("pinstream_worker_acknowledged_seconds", "histogram", "age of a pin when the index acknowledged it"),
    Metric("pinstream_worker_objects_total", "counter", "objects indexed, whole pictures not counted"),
    Metric("pinstream_worker_events_total", "counter", "repins, fence recalls, read-backs, fetch retries", ("event",)),
    Metric("pinstream_worker_retries_total", "counter", "calls repeated for want of an answer", ("service",)),
    Metric("pinstream_worker_probes_total", "counter", "visibility probes by how they ended", ("result",)),
    Metric("pinstream_worker_commits_total", "counter", "offset commits by how they ended", ("result",)),
    Metric("pinstream_worker_in_flight", "gauge", "pins being worked on", ("lane",)),
    Metric("pinstream_worker_waiting", "gauge", "records taken whose work has not begun"),
    Metric("pinstream_worker_held_records", "gauge", "record credits in use"),
    Metric("pinstream_worker_held_bytes", "gauge", "byte credits in use"),
    Metric("pinstream_worker_credits_records", "gauge", "record credits there are"),
    Metric("pinstream_worker_credits_bytes", "gauge", "byte credits there are"),
    Metric("pinstream_worker_partitions", "gauge", "partitions held"),
    Metric("pinstream_worker_waiting_partitions", "gauge", "partitions paused until a service answers"),
    Metric("pinstream_worker_lag_records", "gauge", "records published and not finished", ("lane",)),
    Metric("pinstream_worker_lag_seconds", "gauge", "age of the oldest record taken and not finished"),
    Metric("pinstream_worker_outage_seconds", "gauge", "how long a service gave no answer; 0 if it does", ("service",)),
    Metric("pinstream_worker_breaker_ratio", "gauge", "weight of dead letters among the last pins, per pin"),
    Metric("pinstream_worker_breaker_in_a_row", "gauge", "weight of dead letters since the last living pin"),
)  # fmt: skip


class Metrics:
    """The table's metrics, in a registry of their own; label values that are known begin at 0."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for metric in TABLE:
            self._declare(metric)
        for lane in LANES:
            for outcome in get_args(Result):
                self.add("outcomes", lane, outcome, amount=0)
            self.add("records", lane, amount=0)

    def add(self, name: str, *labels: str, amount: float = 1) -> None:
        """Count; ``name`` without prefix and suffix. Raises KeyError where the table has no such counter."""
        counter = self._counters[name]
        (counter.labels(*labels) if labels else counter).inc(amount)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a gauge. Raises KeyError where the table has none of that name."""
        gauge = self._gauges[name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def observe(self, name: str, seconds: float, *labels: str) -> None:
        """Add to a histogram of durations; ``name`` without ``_seconds``."""
        histogram = self._histograms[name]
        (histogram.labels(*labels) if labels else histogram).observe(seconds)

    def stages(self, stages_ms: Iterable[tuple[str, float]]) -> None:
        """Add the durations of one pin's stages."""
        for stage, duration_ms in stages_ms:
            self._histograms["stage"].labels(stage).observe(duration_ms / 1000)

    def value(self, name: str, labels: Mapping[str, str] | None = None) -> float:
        """What a sample reads now, by its full name; 0 where there is none. For tests and for health."""
        return self.registry.get_sample_value(name, dict(labels or {})) or 0.0

    def _declare(self, metric: Metric) -> None:
        short = metric.name.removeprefix("pinstream_worker_").removesuffix("_total")
        if metric.kind == "counter":
            self._counters[short] = Counter(metric.name, metric.meaning, metric.labels, registry=self.registry)
        elif metric.kind == "gauge":
            self._gauges[short] = Gauge(metric.name, metric.meaning, metric.labels, registry=self.registry)
        else:
            histogram = Histogram(metric.name, metric.meaning, metric.labels, registry=self.registry, buckets=_SECONDS)
            self._histograms[short.removesuffix("_seconds")] = histogram
            if metric.labels == ("stage",):
                for stage in STAGES:
                    histogram.labels(stage)
