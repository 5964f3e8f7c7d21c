"""Every metric of the read service, in one table."""

from typing import Final

from schemas.metrics import Collectors, Metric

GATES: Final = ("index", "feed", "models", "fetch", "thumbnails")
PLACES: Final = ("streams", "uploads")
"""Gates at which nobody waits."""

TABLE: Final = (
    Metric("pinstream_api_requests_total", "counter", "answers by route and status", ("route", "method", "status")),
    Metric("pinstream_api_request_seconds", "histogram", "from a request's head to its answer's end", ("route",)),
    Metric("pinstream_api_refused_total", "counter", "refused at once: key, rate, body, full, caller", ("reason",)),
    Metric("pinstream_api_gate_seconds", "histogram", "time at the index, the models, fetching", ("gate",)),
    Metric("pinstream_api_gate_in_use", "gauge", "places taken", ("gate",)),
    Metric("pinstream_api_gate_waiting", "gauge", "callers waiting for a place", ("gate",)),
    Metric("pinstream_api_cache_hits_total", "counter", "found among pictures, thumbnails, crops", ("cache",)),
    Metric("pinstream_api_cache_misses_total", "counter", "not found there", ("cache",)),
    Metric("pinstream_api_placeholders_total", "counter", "drawn since the picture could not be had", ("reason",)),
    Metric("pinstream_api_streams", "gauge", "open streams of fresh pins"),
    Metric("pinstream_api_fresh_total", "counter", "told on the streams of fresh pins: pin, gone", ("event",)),
    Metric("pinstream_api_fresh_seconds", "histogram", "age of a pin when it was told on the streams"),
    Metric("pinstream_api_kafka_connected", "gauge", "1 while outcomes are being read"),
)  # fmt: skip

REFUSALS: Final = ("key", "rate", "body", "full", "caller")


class ApiMetrics(Collectors):
    """The table's metrics; label values that are known begin at 0."""

    def __init__(self) -> None:
        super().__init__(TABLE, process="api")
        self.prepare("gate", GATES)
        for gate in GATES:
            self.set("gate_waiting", 0, gate)
        for gate in (*GATES, *PLACES):
            self.set("gate_in_use", 0, gate)
        for reason in REFUSALS:
            self.add("refused", reason, amount=0)
