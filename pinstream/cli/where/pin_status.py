"""Everything that is known of one pin, and the sentence that it comes to."""

from dataclasses import dataclass
from typing import Any, Literal

from pinstream.events import PinOutcome
from pinstream.search.hits import PinTrace
from pinstream.standing import EventPosition, accounts_for

Stage = Literal[
    "unpublished", "queue", "worker", "dead", "visible soon", "searchable", "deleted", "superseded", "not indexed",
    "unknown",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPosition:
    """Who should carry an event, and how far they are."""

    group: str
    committed: int | None
    """The first offset of the partition that is not finished; None before the group has begun."""
    members: int
    owner: str
    """The member that holds the partition; empty if none does."""

    def before(self, offset: int) -> int:
        """Records that come first, unless they are being worked on already."""
        return max(offset - (self.committed or 0), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterPosition:
    """Where the pin's event lies that could not be indexed."""

    topic: str
    partition: int
    offset: int
    stage: str
    error: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PinStatus:
    """What each source says; what could not be asked is missing, and ``notes`` say why."""

    trace: PinTrace
    event: EventPosition | None = None
    fault: str = ""
    """Why the event does not decode."""
    outcome: PinOutcome | None = None
    queue: GroupPosition | None = None
    dead_letter: DeadLetterPosition | None = None
    asked_kafka: bool = False
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> tuple[Stage, str]:
        """Where the pin is, and a sentence that says it to a person."""
        if self.asked_kafka and self.event is not None and not accounts_for(self.outcome, self.event):
            return self._waiting(self.event)
        if self.outcome is not None and self.outcome.outcome == "dead":
            return "dead", self._dead(self.outcome)
        return self._of_the_index()

    def as_json(self) -> dict[str, Any]:
        """One object, for programs."""
        stage, sentence = self.verdict
        return {
            "pin_id": self.trace.pin_id,
            "found": self.trace.found,
            "stage": stage,
            "verdict": sentence,
            "event": self._event(),
            "outcome": self.outcome.model_dump(mode="json", exclude_none=True) if self.outcome else None,
            "queue": _plain(self.queue),
            "dead_letter": _plain(self.dead_letter),
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

    def _event(self) -> dict[str, Any] | None:
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

    def _waiting(self, event: EventPosition) -> tuple[Stage, str]:
        still = " Searches find an older version meanwhile." if self.trace.found else ""
        queue, place = self.queue, f"partition {event.partition}"
        if queue is None:
            return "queue", f"published and not accounted for: it waits, or is being worked on.{still}"
        if queue.committed is not None and queue.committed > event.offset:
            lost = "the group has passed it, and no outcome is kept: `python -m index audit` finds out and repairs it"
            return "unknown", f"{lost}.{still}"
        before = queue.before(event.offset)
        ahead = f", {before:,} record{'' if before == 1 else 's'} before it" if before else ""
        if not queue.members:
            return "queue", f"stuck in the queue{ahead}: no worker runs in group {queue.group!r}.{still}"
        if not queue.owner:
            return "queue", f"stuck in the queue{ahead}: no worker of group {queue.group!r} holds {place}.{still}"
        if before:
            return "queue", f"in the queue{ahead}, some perhaps in work: {queue.owner} holds {place}.{still}"
        return "worker", f"at the worker, next or in work: {queue.owner} holds {place}.{still}"

    def _dead(self, outcome: PinOutcome) -> str:
        replay = f"`python -m streams dead-letters replay --pin {self.trace.pin_id}` tries again"
        still = " Searches find an older version still." if self.trace.found else ""
        return f"dead after {_times(outcome.attempts)}: {outcome.reason or 'no reason was told'}. {replay}.{still}"

    def _of_the_index(self) -> tuple[Stage, str]:
        newest, rows = (self.trace.rows[0].version if self.trace.rows else None), self.trace.rows
        if self.trace.found:
            asked = None if self.event is None else self.event.version
            if newest is not None and asked is not None and newest < asked:
                return "superseded", f"a search finds it now, at version {newest}; version {asked} is settled"
            return "searchable", "a search finds it now"
        if rows and rows[0].alive:
            soon = "its rows are there, and no search finds it yet: at Bounded that takes up to half a second"
            return "visible soon", soon
        if rows:
            return "deleted", f"deleted, up to version {newest}: no search finds it"
        return self._without_rows()

    def _without_rows(self) -> tuple[Stage, str]:
        outcome, pin = self.outcome, self.trace.pin_id
        if outcome is not None and outcome.outcome == "deleted":
            return "deleted", "deleted, and its tombstone has been swept: no search finds it"
        if outcome is not None:
            repair = "`python -m index audit --repair` writes it again"
            return "not indexed", f"its outcome is {outcome.outcome!r}, and the index holds nothing of it: {repair}"
        if self.asked_kafka and not self.notes:
            return "unpublished", f"never published: neither the topics nor the index know {pin}"
        return "unknown", f"the index holds nothing of {pin}: never published, not indexed yet, or dead"


def _plain(record: GroupPosition | DeadLetterPosition | None) -> dict[str, Any] | None:
    return None if record is None else {name: getattr(record, name) for name in record.__slots__}


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"
