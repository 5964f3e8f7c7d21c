"""Compares what the topics and the index know of one pin. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from index.audit.findings import Finding, Kind
from pinstream.events import Result
from pinstream.standing import EventPosition, standing_of
from pinstream.store.codes import hamming
from pinstream.store.collection import TOMBSTONE_CODE, WHOLE_SLOT, Row

NO_TOPIC: Final = ""
"""The topic of an event that no topic holds any more."""
_SAME_PICTURE_BITS: Final = 26
"""Codes of one picture differ in fewer bits (of 256), on whichever engine; codes of two models differ in about half."""

Problem = tuple[Kind, str]
"""A kind of finding and its detail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastOutcome:
    """A pin's latest outcome: what an audit needs of a `PinOutcome`."""

    outcome: Result
    version: int | None
    embedding_version: int
    topic: str
    partition: int
    offset: int
    finished_at_ms: int
    visible_at_ms: int | None = None


def newest_event(event: EventPosition | None, outcome: LastOutcome | None) -> EventPosition | None:
    """A pin's event, or the newer deletion that only its outcome shows, since its tombstone is compacted away."""
    if outcome is None or outcome.outcome != "deleted":
        return event
    deletion = EventPosition(
        topic=NO_TOPIC, partition=0, offset=0, version=outcome.version, is_deletion=True, published_at_ms=0
    )
    return event if event is not None and event.rank >= deletion.rank else deletion


@dataclass(frozen=True, slots=True)
class PinComparison:
    """Compares with the index of one embedding version."""

    embedding_version: int

    def findings(
        self, pin_id: str, event: EventPosition | None, outcome: LastOutcome | None, rows: Sequence[Row]
    ) -> list[Finding]:
        """What is wrong with a pin, given its newest event, its latest outcome and all its rows."""
        last_slot = max((row.slot for row in rows), default=0)
        alive = [row for row in rows if row.alive]
        event = newest_event(event, outcome)
        if event is None:
            problems = _orphaned(alive)
        elif event.is_deletion and event.version is not None:
            problems = _undeleted(alive, event.version) or _inconsistent(rows)
        else:
            problems = self._not_indexed(rows, event, outcome) or _inconsistent(rows)
        return [Finding(pin_id, kind, detail, last_slot) for kind, detail in problems or _zero_codes(alive)]

    def _not_indexed(self, rows: Sequence[Row], event: EventPosition, outcome: LastOutcome | None) -> list[Problem]:
        standing = standing_of(event, outcome)
        if event.version is None or standing == "dead":
            return []  # a dead letter leaves the index as it was, whatever that is
        whole = _whole(rows)
        if whole is not None and whole.version >= event.version:
            return []
        if whole is None and any(row.alive for row in rows):
            return [("half", "no whole picture")]
        has = "nothing" if whole is None else f"version {whole.version}"
        detail = f"the index has {has}, the topic {event.version}"
        if outcome is not None and standing == "searchable" and outcome.embedding_version != self.embedding_version:
            return [("embedding", f"{detail}, indexed as embedding version {outcome.embedding_version}")]
        return [("missing" if whole is None else "stale", detail)]


def are_far_apart(one: bytes, other: bytes) -> bool:
    """Whether two codes of one picture cannot be of the same model."""
    return hamming(one, other) >= _SAME_PICTURE_BITS


def _orphaned(alive: Sequence[Row]) -> list[Problem]:
    return [("orphaned", f"{len(alive)} living rows, version {max(row.version for row in alive)}")] if alive else []


def _undeleted(alive: Sequence[Row], version: int) -> list[Problem]:
    left = [row for row in alive if row.version <= version]
    return [("undeleted", f"{len(left)} living rows, deleted up to version {version}")] if left else []


def _inconsistent(rows: Sequence[Row]) -> list[Problem]:
    """Living rows must be the whole picture and its objects, all of one version."""
    whole, alive = _whole(rows), {row.slot: row for row in rows if row.alive}
    if not alive:
        return []
    if whole is None or not whole.alive:
        return [("half", f"objects {_join(alive)} without a whole picture")]
    wanted = set(range(1, whole.object_count + 1))
    objects = set(alive) - {WHOLE_SLOT}
    details = {
        "missing": wanted - objects,
        "too many": objects - wanted,
        f"not of version {whole.version}": {slot for slot, row in alive.items() if row.version != whole.version},
    }
    parts = [f"slots {_join(slots)} {what}" for what, slots in details.items() if slots]
    return [("half", ", ".join(parts))] if parts else []


def _zero_codes(alive: Sequence[Row]) -> list[Problem]:
    zero = [row.slot for row in alive if row.code == TOMBSTONE_CODE]
    return [("code", f"slots {_join(zero)} have a code of zeros")] if zero else []


def _whole(rows: Sequence[Row]) -> Row | None:
    return next((row for row in rows if row.slot == WHOLE_SLOT), None)


def _join(slots: Iterable[int]) -> str:
    ordered = sorted(slots)
    return ", ".join(map(str, ordered[:8])) + (", ..." if len(ordered) > 8 else "")
