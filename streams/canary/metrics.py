"""Every metric of the canary, in one table."""

from typing import Final, Literal, get_args

from schemas.metrics import Collectors, Metric

Step = Literal["publish", "find", "delete", "gone"]
STEPS: Final[tuple[Step, ...]] = get_args(Step)

TABLE: Final = (
    Metric("pinstream_canary_published_to_found_seconds", "histogram", "from a pin's publication to the first hit"),
    Metric("pinstream_canary_deleted_to_gone_seconds", "histogram", "from a deletion to the first search without it"),
    Metric("pinstream_canary_rounds_total", "counter", "rounds by how they ended: ok or failed", ("result",)),
    Metric("pinstream_canary_failures_total", "counter", "failed rounds by the step that failed", ("step",)),
    Metric("pinstream_canary_last_success_timestamp_seconds", "gauge", "when a round last went well; 0 before"),
)


class CanaryMetrics(Collectors):
    """The table's metrics; label values that are known begin at 0."""

    def __init__(self) -> None:
        super().__init__(TABLE, process="canary")
        for result in ("ok", "failed"):
            self.add("rounds", result, amount=0)
        for step in STEPS:
            self.add("failures", step, amount=0)
