"""Everything that is known of one pin, and the sentence that follows from it."""

from dataclasses import dataclass
from typing import Any, Literal

from pinstream.events import PinOutcome
from pinstream.search.hits import PinTrace
from pinstream.standing import EventPosition, accounts_for

PinStage = Literal[
    "unpublished", "queue", "worker", "dead", "visible soon", "searchable", "deleted", "superseded", "not indexed",
    "unknown",
]  # fmt: skip
"""Where a pin is; not a timed step of its processing, which is `pinstream.events.Stage`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPosition:
    """How far the workers' group is in an event's partition."""

    group: str
    committed: int | None
    """The first offset that is not finished; None if the group has committed nothing."""
    members: int
    owner: str
    """The member that has the partition; empty if none has."""

    def before(self, offset: int) -> int:
        return max(offset - (self.committed or 0), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterPosition:
    """Where the pin's dead letter is, and what it says."""

    topic: str
    partition: int
    offset: int
    stage: str
    error: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PinStatus:
    """What the sources say; ``notes`` say which of them could not be asked, and why."""

    trace: PinTrace
    event: EventPosition | None = None
    fault: str = ""
    """Why the event does not decode."""
    outcome: PinOutcome | None = None
    queue: GroupPosition | None = None
    dead_letter: DeadLetterPosition | None = None
    asked_for_event: bool = False
    """Whether Kafka or the watch answered: without them nothing is known of the event, and ``event`` says nothing."""
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> tuple[PinStage, str]:
        """Where the pin is, as a word for programs and a sentence for people."""
        if self.asked_for_event and self.event is not None and not accounts_for(self.outcome, self.event):
            return self._verdict_waiting(self.event)
        if self.outcome is not None and self.outcome.outcome == "dead":
            return "dead", self._sentence_dead(self.outcome)
        return self._verdict_of_rows()

    def as_json(self) -> dict[str, Any]:
        stage, sentence = self.verdict
        return {
            "pin_id": self.trace.pin_id,
            "found": self.trace.found,
            "stage": stage,
            "verdict": sentence,
            "event": self._event_as_json(),
            "outcome": self.outcome.model_dump(mode="json", exclude_none=True) if self.outcome else None,
            "queue": _as_json(self.queue),
            "dead_letter": _as_json(self.dead_letter),
            "rows": [
                {
                    "slot": row.slot,
                    "alive": row.alive,
                    "version": row.version,
                    "label": row.label,
                    "published_at_ms": row.published_at_ms,
                    "indexed_at_ms": row.indexed_at_ms,
                    "image_sha256": row.image_sha256,
                }
                for row in self.trace.rows
            ],
            "sources": list(self.sources),
            "note": "; ".join(self.notes),
        }

    def _event_as_json(self) -> dict[str, Any] | None:
        event = self.event
        if event is None:
            return None
        return {
            "topic": event.topic,
            "partition": event.partition,
            "offset": event.offset,
            "version": event.version,
            "deletion": event.is_deletion,
            "published_at_ms": event.published_at_ms,
            "republished": event.republished,
            "fault": self.fault,
        }

    def _verdict_waiting(self, event: EventPosition) -> tuple[PinStage, str]:
        older = " Searches find an older version until then." if self.trace.found else ""
        queue, partition = self.queue, f"partition {event.partition}"
        if queue is None:
            return "queue", f"published, and no outcome yet: it is in the queue or at a worker.{older}"
        if queue.committed is not None and queue.committed > event.offset:
            lost = "the workers have passed it, and no outcome is left: `python -m index audit` checks and repairs it"
            return "unknown", f"{lost}.{older}"
        before = queue.before(event.offset)
        ahead = f", {before:,} record{'' if before == 1 else 's'} before it" if before else ""
        if not queue.members:
            return "queue", f"stuck in the queue{ahead}: no worker runs in group {queue.group!r}.{older}"
        if not queue.owner:
            return "queue", f"stuck in the queue{ahead}: no worker of group {queue.group!r} has {partition}.{older}"
        if before:
            return (
                "queue",
                f"in the queue{ahead}, some perhaps in flight: {queue.owner} has {partition}.{older}",
            )
        return "worker", f"at the worker, in flight or next: {queue.owner} has {partition}.{older}"

    def _sentence_dead(self, outcome: PinOutcome) -> str:
        replay = f"`python -m streams dead-letters replay --pin {self.trace.pin_id}` publishes it again"
        older = " Searches find an older version." if self.trace.found else ""
        return f"dead after {_attempts(outcome.attempts)}: {outcome.reason or 'without a reason'}. {replay}.{older}"

    def _verdict_of_rows(self) -> tuple[PinStage, str]:
        newest, rows = (self.trace.rows[0].version if self.trace.rows else None), self.trace.rows
        if self.trace.found:
            version = None if self.event is None else self.event.version
            if newest is not None and version is not None and newest < version:
                return "superseded", f"a search finds it now, at version {newest}; version {version} is accounted for"
            return "searchable", "a search finds it now"
        if rows and rows[0].alive:
            soon = "its rows are in the index, and no search finds it yet: with Bounded that takes up to half a second"
            return "visible soon", soon
        if rows:
            return "deleted", f"deleted, up to version {newest}: no search finds it"
        return self._verdict_without_rows()

    def _verdict_without_rows(self) -> tuple[PinStage, str]:
        outcome, pin = self.outcome, self.trace.pin_id
        if outcome is not None and outcome.outcome == "deleted":
            return "deleted", "deleted, and a sweep has removed its tombstone: no search finds it"
        if outcome is not None:
            repair = "`python -m index audit --repair` publishes it again"
            return "not indexed", f"its outcome is {outcome.outcome!r}, and the index has no rows of it: {repair}"
        if self.asked_for_event and not self.notes:
            return "unpublished", f"never published: neither the topics nor the index know {pin}"
        return "unknown", f"the index has no rows of {pin}: never published, not indexed yet, or dead"


def _as_json(record: GroupPosition | DeadLetterPosition | None) -> dict[str, Any] | None:
    return None if record is None else {name: getattr(record, name) for name in record.__slots__}


def _attempts(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"
