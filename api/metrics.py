"""Every metric of the read service, in one table."""

from typing import Final

from schemas.metrics import Collectors, Metric

CONCURRENCY_LIMITS: Final = ("index", "feed", "models", "fetch", "thumbnails")
CALLER_LIMITS: Final = ("streams", "uploads")
REFUSALS: Final = ("key", "rate", "body", "full", "caller")

TABLE: Final = (
    Metric("pinstream_api_requests_total", "counter", "answers by route and status", ("route", "method", "status")),
    Metric("pinstream_api_request_seconds", "histogram", "from a request's head to its answer's end", ("route",)),
    Metric("pinstream_api_refused_total", "counter", "refused at once: key, rate, body, full, caller", ("reason",)),
    Metric("pinstream_api_limit_seconds", "histogram", "time that a permit was held", ("limit",)),
    Metric("pinstream_api_limit_in_use", "gauge", "permits in use of a concurrency or caller limit", ("limit",)),
    Metric("pinstream_api_limit_waiting", "gauge", "callers waiting for a permit", ("limit",)),
    Metric("pinstream_api_cache_hits_total", "counter", "found in a cache: pictures, thumbnails, crops", ("cache",)),
    Metric("pinstream_api_cache_misses_total", "counter", "not found in it", ("cache",)),
    Metric("pinstream_api_placeholders_total", "counter", "placeholders sent instead of a picture", ("reason",)),
    Metric("pinstream_api_streams", "gauge", "open streams of fresh pins"),
    Metric("pinstream_api_fresh_total", "counter", "events sent to the streams of fresh pins: pin, gone", ("event",)),
    Metric("pinstream_api_fresh_seconds", "histogram", "age of a pin when it was sent to the streams"),
    Metric("pinstream_api_kafka_connected", "gauge", "1 while outcomes are being read"),
)  # fmt: skip


class ApiMetrics(Collectors):
    """The table's metrics; label values that are known begin at 0."""

    def __init__(self) -> None:
        super().__init__(TABLE, process="api")
        self.prepare("limit", CONCURRENCY_LIMITS)
        for limit in CONCURRENCY_LIMITS:
            self.set("limit_waiting", 0, limit)
        for limit in (*CONCURRENCY_LIMITS, *CALLER_LIMITS):
            self.set("limit_in_use", 0, limit)
        for reason in REFUSALS:
            self.add("refused", reason, amount=0)
