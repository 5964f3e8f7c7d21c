"""What became of each event, as a record of ``pins.indexed``."""

from collections.abc import Callable
from dataclasses import dataclass

from pinstream.events import PinOutcome, Stage
from pinstream.store.collection import EMBEDDING_VERSION
from streams.worker.protocols import RecordProducer
from streams.worker.task import PinTask, TaskResult

MAX_REASON_CHARS = 500
_MAX_KEY_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeWriter:
    """Writes outcomes to ``topic``; ``worker`` names this process in each."""

    producer: RecordProducer
    topic: str
    worker: str

    def write(self, outcome: PinOutcome, on_acknowledged: Callable[[], None] = lambda: None) -> None:
        self.producer.send(
            self.topic, key=outcome.pin_id.encode(), value=outcome.encode(), on_acknowledged=on_acknowledged
        )

    def outcome_of(self, task: PinTask, result: TaskResult, *, finished_at_ms: int) -> PinOutcome:
        """The outcome of one event; one that does not decode goes by its record's key."""
        record = task.record
        return PinOutcome(
            pin_id=pin_id_of(task),
            version=task.version or None,
            outcome=result.outcome,
            objects=result.objects,
            embedding_version=EMBEDDING_VERSION,
            reason=None if result.reason is None else _printable(result.reason),
            attempts=task.attempts,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            published_at_ms=record.timestamp_ms,
            finished_at_ms=finished_at_ms,
            stages_ms=_round(task.stages_ms),
            worker=self.worker,
        )


def pin_id_of(task: PinTask) -> str:
    """The record's key as text, whether or not it is a valid pin id."""
    return (task.record.key or b"").decode("utf-8", "replace")[:_MAX_KEY_CHARS]


def _printable(reason: str) -> str:
    """Fit for JSON: a foreign server's answer may hold lone surrogates."""
    return reason[:MAX_REASON_CHARS].encode("utf-8", "replace").decode()


def _round(stages_ms: dict[Stage, float]) -> dict[Stage, float]:
    return {stage: round(duration_ms, 2) for stage, duration_ms in stages_ms.items()}
