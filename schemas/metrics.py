"""Metrics are declared in one table for each process, and no dashboard, alert or document may use any other.

A table is a tuple of `Metric` named ``TABLE`` in a ``metrics.py``; ``deploy/prometheus/tables.py`` collects them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pinstream.store.collection import EMBEDDING_VERSION

Kind = Literal["counter", "gauge", "histogram"]
Process = Literal["worker", "watch", "canary", "api", "audit"]

SECONDS: Final = (
    0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 1800,
)  # fmt: skip
"""Bucket bounds of durations: from 1 ms, one call, to 30 min, the age of a pin after an outage."""

_UNITS: Final = (
    ("_timestamp_seconds", "Unix time, s"),
    ("_seconds", "s"),
    ("_bytes", "bytes"),
    ("_ratio", "0 to 1"),
    ("_bits", "bits"),
    ("_info", "always 1"),
)


@dataclass(frozen=True, slots=True)
class Metric:
    """The name of a counter ends in ``_total``; before that, or at the end, stands the unit."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = SECONDS
    """Of a histogram."""

    @property
    def unit(self) -> str:
        """From the end of the name."""
        bare = self.name.removesuffix("_total")
        return next((unit for ending, unit in _UNITS if bare.endswith(ending)), "number")

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its time series in Prometheus."""
        ends = ("_bucket", "_sum", "_count") if self.kind == "histogram" else ("",)
        return tuple(self.name + end for end in ends)


BUILD: Final = Metric(
    "pinstream_build_info", "gauge", "version of a process, in its labels", ("process", "version", "embedding_version")
)


class Collectors:
    """The metrics of a table, and `BUILD`, in a registry of their own.

    Methods take short names: without ``pinstream_<process>_``, counters without ``_total``, histograms without
    ``_seconds``. A name that is not in the table raises KeyError. Safe in any thread.
    """

    def __init__(self, table: Iterable[Metric], *, process: Process) -> None:
        self.registry = CollectorRegistry()
        self._prefix = f"pinstream_{process}_"
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for metric in table:
            self._declare(metric)
        build = Gauge(BUILD.name, BUILD.meaning, BUILD.labels, registry=self.registry)
        build.labels(process, version("pinstream"), str(EMBEDDING_VERSION)).set(1)

    def add(self, name: str, *labels: str, amount: float = 1) -> None:
        """Increase a counter; ``amount=0`` creates the series, so that Prometheus sees its first increase."""
        counter = self._counters[name]
        (counter.labels(*labels) if labels else counter).inc(amount)

    def set(self, name: str, value: float, *labels: str) -> None:
        gauge = self._gauges[name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def observe(self, name: str, value: float, *labels: str) -> None:
        """Add a value to a histogram, in the unit of its name."""
        histogram = self._histograms[name]
        (histogram.labels(*labels) if labels else histogram).observe(value)

    def prepare(self, name: str, labels: Sequence[str]) -> None:
        """Create the series of a histogram with one label, before anything is observed."""
        for label in labels:
            self._histograms[name].labels(label)

    def value(self, name: str, labels: Mapping[str, str] | None = None) -> float:
        """The value of a series now, by its full name; 0 if there is none."""
        return self.registry.get_sample_value(name, dict(labels or {})) or 0.0

    def _declare(self, metric: Metric) -> None:
        short = metric.name.removeprefix(self._prefix)
        if metric.kind == "counter":
            counter = Counter(metric.name, metric.meaning, metric.labels, registry=self.registry)
            self._counters[short.removesuffix("_total")] = counter
        elif metric.kind == "gauge":
            self._gauges[short] = Gauge(metric.name, metric.meaning, metric.labels, registry=self.registry)
        else:
            histogram = Histogram(
                metric.name, metric.meaning, metric.labels, registry=self.registry, buckets=metric.buckets
            )
            self._histograms[short.removesuffix("_seconds")] = histogram
