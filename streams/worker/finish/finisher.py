"""Publishes the dead letter, the outcome and the metrics of each event, and counts it in the breaker."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fetch.errors import FetchError
from inference.errors import PictureRefused
from pinstream import clock
from pinstream.errors import EventInvalid, IndexRefused
from streams.worker.finish.breaker import Breaker
from streams.worker.finish.dead_letters import DeadLetterWriter
from streams.worker.finish.outcomes import OutcomeWriter
from streams.worker.finish.visibility_probe import VisibilityProbe
from streams.worker.metrics import WorkerMetrics
from streams.worker.task import PinTask, TaskResult

REASONS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (EventInvalid, "event"),
    (FetchError, "fetch"),
    (PictureRefused, "picture"),
    (IndexRefused, "index"),
)
"""Classes of dead letters; what is in none of them is ``unexpected``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finisher:
    """The `ResultPublisher`."""

    outcomes: OutcomeWriter
    dead_letters: DeadLetterWriter
    breaker: Breaker
    probe: VisibilityProbe
    metrics: WorkerMetrics
    now_ms: Callable[[], int] = clock.now_ms

    async def write_dead_letter(self, task: PinTask, error: Exception, *, unexpected: bool) -> TaskResult:
        # Before the write: the dead letter that trips the breaker must not be written.
        self.breaker.record_dead_letter(unexpected=unexpected)
        await self.dead_letters.write(task.record, stage=task.stage, error=error, unexpected=unexpected)
        reason = "unexpected" if unexpected else reason_class(error)
        self.metrics.add("dead_letters", reason)
        return TaskResult(outcome="dead", reason=f"{reason}: {type(error).__name__}: {error}")

    def publish_outcome(self, task: PinTask, result: TaskResult, on_acknowledged: Callable[[], None]) -> None:
        finished_at_ms = self.now_ms()
        outcome = self.outcomes.outcome_of(task, result, finished_at_ms=finished_at_ms)
        self.outcomes.write(outcome, on_acknowledged)
        self.metrics.add("outcomes", task.lane, result.outcome)
        self.metrics.add_stages(
            (stage, spent_ms)
            for stage, spent_ms in task.stages_ms.items()
            if stage != "queue" or not task.is_republished
        )
        if result.outcome in ("indexed", "deleted", "dead"):
            self.probe.cancel(outcome.pin_id)
        if result.outcome != "dead":
            self.breaker.record_success()
        if result.outcome in ("indexed", "deleted"):
            self.metrics.add("objects", amount=result.objects)
            if not task.is_republished:  # its age is then that of the repair or replay
                self.metrics.observe("acknowledged", max(finished_at_ms - task.record.timestamp_ms, 0) / 1000)
                self.probe.offer(outcome, result.whole)


def reason_class(error: Exception) -> str:
    """Which kind of dead letter an error makes."""
    return next((name for kind, name in REASONS if isinstance(error, kind)), "unexpected")
