"""Every metric of the canary, in one table."""

from typing import Final, Literal, get_args

from schemas.metrics import Collectors, Metric

Step = Literal["publish", "find", "delete", "gone"]
STEPS: Final[tuple[Step, ...]] = get_args(Step)

TABLE: Final = (
    Metric(
        "pinstream_canary_published_to_found_seconds",
        "histogram",
        "from publishing a pin to the first hit",
    ),
    Metric(
        "pinstream_canary_deleted_to_gone_seconds", "histogram", "from deleting a pin to the first search without it"
    ),
    Metric("pinstream_canary_rounds_total", "counter", "rounds by result: ok or failed", ("result",)),
    Metric("pinstream_canary_failures_total", "counter", "failed rounds by the step that failed", ("step",)),
    Metric("pinstream_canary_last_success_timestamp_seconds", "gauge", "when a round last succeeded; 0: never"),
)


class CanaryMetrics(Collectors):
    """The table's metrics, with every label value at 0: an alert needs the series before the first failure."""

    def __init__(self) -> None:
        super().__init__(TABLE, process="canary")
        for result in ("ok", "failed"):
            self.add("rounds", result, amount=0)
        for step in STEPS:
            self.add("failures", step, amount=0)
