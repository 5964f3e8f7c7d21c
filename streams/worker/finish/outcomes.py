"""What became of each event, as ``pins.indexed`` tells it."""

from collections.abc import Callable
from dataclasses import dataclass

from pinstream.events import PinOutcome, Stage
from pinstream.store.collection import EMBEDDING_VERSION
from streams.worker.finish.producer import WorkerProducer
from streams.worker.task import PinTask, TaskResult

MAX_REASON_CHARS = 500
_MAX_KEY_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Writes outcomes to ``topic``; ``worker`` names this process in each."""

    outbox: WorkerProducer
    topic: str
    worker: str

    def send(self, outcome: PinOutcome, delivered: Callable[[], None] = lambda: None) -> None:
        """``delivered`` is called in the event loop once Kafka has acknowledged it."""
        self.outbox.send(self.topic, key=outcome.pin_id.encode(), value=outcome.encode(), delivered=delivered)

    def of(self, work: PinTask, settled: TaskResult, *, finished_at_ms: int) -> PinOutcome:
        """The outcome of one event; an event that does not decode is told under its record's key."""
        record = work.record
        return PinOutcome(
            pin_id=named(work),
            version=work.version or None,
            outcome=settled.result,
            objects=settled.objects,
            embedding_version=EMBEDDING_VERSION,
            reason=None if settled.reason is None else _printable(settled.reason),
            attempts=work.attempts,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            published_at_ms=record.timestamp_ms,
            finished_at_ms=finished_at_ms,
            stages_ms=_rounded(work.stages_ms),
            worker=self.worker,
        )


def named(work: PinTask) -> str:
    """The pin an outcome is about, as the record's key says, whether or not it is a pin id."""
    return (work.record.key or b"").decode("utf-8", "replace")[:_MAX_KEY_CHARS]


def _printable(reason: str) -> str:
    """Fit for JSON: what a foreign server answered may hold half characters."""
    return reason[:MAX_REASON_CHARS].encode("utf-8", "replace").decode()


def _rounded(stages_ms: dict[Stage, float]) -> dict[Stage, float]:
    return {stage: round(duration_ms, 2) for stage, duration_ms in stages_ms.items()}
