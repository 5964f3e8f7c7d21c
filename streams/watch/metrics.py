"""The metrics of the watch, in one table."""

from typing import Final, get_args

from pinstream.events import STAGES, Result
from pinstream.lanes import LANES
from schemas.metrics import Collectors, Metric

TABLE: Final = (
    Metric("pinstream_watch_overdue_pins", "gauge", "published, past the objective, not accounted for", ("kind",)),
    Metric(
        "pinstream_watch_coverage_ratio",
        "gauge",
        "of the pins that were published lately and are due, the share that is searchable",
    ),
    Metric("pinstream_watch_freshness_seconds", "histogram", "age of a probed pin when a search first returned it"),
    Metric("pinstream_watch_deletion_seconds", "histogram", "age of a probed deletion when no search returned the pin"),
    Metric("pinstream_watch_stage_seconds", "histogram", "duration of one stage of one pin", ("stage",)),
    Metric(
        "pinstream_watch_objective_total",
        "counter",
        "pins and deletions of the live lane by whether they were accounted for in time; if not, counted when due",
        ("objective", "met"),
    ),
    Metric("pinstream_watch_objective_seconds", "gauge", "the age at which a pin falls due", ("objective",)),
    Metric("pinstream_watch_events_total", "counter", "events read from both lanes", ("lane",)),
    Metric("pinstream_watch_outcomes_total", "counter", "outcomes read", ("outcome",)),
    Metric("pinstream_watch_poison_total", "counter", "records that do not decode as event or outcome", ("topic",)),
    Metric("pinstream_watch_lag_seconds", "gauge", "age of the oldest pin published and not accounted for", ("lane",)),
    Metric("pinstream_watch_behind_records", "gauge", "records of the watched topics that the watch has not read"),
    Metric(
        "pinstream_watch_pins",
        "gauge",
        "pins in the table: waiting, accounted for, or ahead (outcome read before the event)",
        ("state",),
    ),
    Metric("pinstream_watch_partitions", "gauge", "partitions that this instance watches"),
    Metric(
        "pinstream_watch_progress_timestamp_seconds", "gauge", "when the watch last read a record, or had none to read"
    ),
)


class WatchMetrics(Collectors):
    """Label values that are known begin at 0."""

    def __init__(self, topics: tuple[str, ...]) -> None:
        super().__init__(TABLE, process="watch")
        self.prepare("stage", STAGES)
        for outcome in get_args(Result):
            self.add("outcomes", outcome, amount=0)
        for topic in topics:
            self.add("poison", topic, amount=0)
        for lane in LANES:
            self.add("events", lane, amount=0)
        for objective in ("freshness", "deletion"):
            for met in ("yes", "no"):
                self.add("objective", objective, met, amount=0)
