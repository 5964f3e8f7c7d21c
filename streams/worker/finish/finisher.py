"""What is told of finished work: the outcome on Kafka, the dead letter before it, the metrics, the breaker."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fetch.errors import FetchError
from inference.errors import PictureRefused
from pinstream import clock
from pinstream.errors import EventInvalid, IndexRefused
from streams.worker.finish.breaker import Breaker
from streams.worker.finish.dead_letters import DeadLetterWriter
from streams.worker.finish.outcomes import Outcomes
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
    """The end of every event: nothing that was consumed goes uncounted."""

    outcomes: Outcomes
    dead_letters: DeadLetterWriter
    breaker: Breaker
    probe: VisibilityProbe
    metrics: WorkerMetrics
    now_ms: Callable[[], int] = clock.now_ms

    async def bury(self, work: PinTask, error: Exception, *, unexpected: bool) -> TaskResult:
        """See `streams.worker.schedule.scheduler.Finish`."""
        self.breaker.died(unexpected=unexpected)
        await self.dead_letters.bury(work.record, stage=work.stage, error=error, unexpected=unexpected)
        reason = "unexpected" if unexpected else reason_class(error)
        self.metrics.add("dead_letters", reason)
        return TaskResult(result="dead", reason=f"{reason}: {type(error).__name__}: {error}")

    def tell(self, work: PinTask, settled: TaskResult, done: Callable[[], None]) -> None:
        """See `streams.worker.schedule.scheduler.Finish`."""
        finished_at_ms = self.now_ms()
        outcome = self.outcomes.of(work, settled, finished_at_ms=finished_at_ms)
        self.outcomes.send(outcome, done)
        self.metrics.add("outcomes", work.lane, settled.result)
        self.metrics.stages(
            (stage, spent_ms) for stage, spent_ms in work.stages_ms.items() if stage != "queue" or not work.comes_again
        )
        if settled.result in ("indexed", "deleted", "dead"):
            self.probe.forget(outcome.pin_id)
        if settled.result != "dead":
            self.breaker.lived()
        if settled.result in ("indexed", "deleted"):
            self.metrics.add("objects", amount=settled.objects)
            if not work.comes_again:  # its age is an operator's doing
                self.metrics.observe("acknowledged", max(finished_at_ms - work.record.timestamp_ms, 0) / 1000)
                self.probe.offer(outcome, settled.whole)


def reason_class(error: Exception) -> str:
    """Which kind of dead letter an error makes."""
    return next((name for kind, name in REASONS if isinstance(error, kind)), "unexpected")
