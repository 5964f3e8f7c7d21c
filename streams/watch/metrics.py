"""Every metric of the watch, in one table."""

from typing import Final, get_args

from pinstream.events import STAGES, Result
from pinstream.lanes import LANES
from schemas.metrics import Collectors, Metric

TABLE: Final = (
    Metric("pinstream_watch_overdue_pins", "gauge", "published, past the objective, not accounted for", ("kind",)),
    Metric("pinstream_watch_coverage_ratio", "gauge", "of the pins lately published and due, those searchable"),
    Metric("pinstream_watch_freshness_seconds", "histogram", "age of a probed pin when a search first returned it"),
    Metric("pinstream_watch_deletion_seconds", "histogram", "age of a probed deletion when no search returned the pin"),
    Metric("pinstream_watch_stage_seconds", "histogram", "duration of one stage of one pin", ("stage",)),
    Metric(
        "pinstream_watch_objective_total",
        "counter",
        "pins and deletions by whether they were accounted for in time; those that are not count when they fall due",
        ("objective", "met"),
    ),
    Metric("pinstream_watch_objective_seconds", "gauge", "the age at which a pin falls due", ("objective",)),
    Metric("pinstream_watch_events_total", "counter", "events read from both lanes", ("lane",)),
    Metric("pinstream_watch_outcomes_total", "counter", "outcomes read, by what became of the pin", ("outcome",)),
    Metric("pinstream_watch_poison_total", "counter", "records that are no events or outcomes", ("topic",)),
    Metric("pinstream_watch_lag_seconds", "gauge", "age of the oldest pin published and not accounted for", ("lane",)),
    Metric("pinstream_watch_behind_records", "gauge", "records of the watched topics that the watch has not read"),
    Metric("pinstream_watch_pins", "gauge", "pins held in the table, by what is known of them", ("state",)),
    Metric("pinstream_watch_partitions", "gauge", "partitions that this instance watches"),
    Metric(
        "pinstream_watch_progress_timestamp_seconds", "gauge", "when the watch last read on, or had nothing to read"
    ),
)


class WatchMetrics(Collectors):
    """The table's metrics; label values that are known begin at 0."""

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
