"""What is wrong with one pin: its last event and outcome against its rows. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from pinstream.events import Result
from pinstream.standing import EventPosition, standing_of
from pinstream.store.codes import hamming
from pinstream.store.collection import TOMBSTONE_CODE, WHOLE_SLOT, Row

Kind = Literal["missing", "orphaned", "stale", "undeleted", "half", "doubled", "embedding", "code"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
MEANINGS: Final[dict[Kind, str]] = {
    "missing": "published, and not in the index",
    "orphaned": "in the index, and no topic knows it",
    "stale": "in the index at an older version",
    "undeleted": "deleted, and still found by searches",
    "half": "slots missing, too many, or of several versions",
    "doubled": "a key that is there more than once",
    "embedding": "indexed as another embedding version, not as this one",
    "code": "codes of another space: blank, or far from those of the same picture",
}
SAME_PICTURE_BITS: Final = 26
"""Codes of one picture differ in fewer bits (of 256), whatever engine computed them; those of two models in half."""
NO_TOPIC: Final = ""
"""The topic of an event that is in none any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastOutcome:
    """What last became of a pin, as ``pins.indexed`` says: what the audit needs of a `PinOutcome`."""

    outcome: Result
    version: int | None
    embedding_version: int
    topic: str
    partition: int
    offset: int
    finished_at_ms: int
    visible_at_ms: int | None = None


def event_of_compacted(outcome: LastOutcome | None, event: EventPosition | None) -> EventPosition | None:
    """The newest event of a pin; where that is a deletion whose tombstone is compacted away, it is in no topic."""
    if outcome is None or outcome.outcome != "deleted":
        return event
    deletion = EventPosition(
        topic=NO_TOPIC, partition=0, offset=0, version=outcome.version, is_deletion=True, published_at_ms=0
    )
    return event if event is not None and event.rank >= deletion.rank else deletion


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a pin, in a few words."""

    pin_id: str
    kind: Kind
    detail: str
    last_slot: int = 0
    """The last slot that the index holds of it."""


@dataclass(frozen=True, slots=True)
class PinComparison:
    """Compares under one embedding version."""

    embedding_version: int

    def findings(
        self, pin_id: str, event: EventPosition | None, outcome: LastOutcome | None, rows: Sequence[Row]
    ) -> list[Finding]:
        """What is wrong; nothing if all is well, or if ``outcome`` accounts for it."""
        last_slot = max((row.slot for row in rows), default=0)
        alive = [row for row in rows if row.alive]
        event = event_of_compacted(outcome, event)
        if event is None:
            found = _orphaned(alive)
        elif event.is_deletion and event.version is not None:
            found = _undeleted(alive, event.version) or _inconsistent(rows)
        else:
            found = self._behind(rows, event, outcome) or _inconsistent(rows)
        return [Finding(pin_id, kind, detail, last_slot) for kind, detail in found or _blank(alive)]

    def _behind(self, rows: Sequence[Row], event: EventPosition, outcome: LastOutcome | None) -> list[tuple[Kind, str]]:
        standing = standing_of(event, outcome)
        if event.version is None or standing == "dead":
            return []  # the index may hold what it held before, or nothing
        whole = _whole(rows)
        if whole is not None and whole.version >= event.version:
            return []
        if whole is None and any(row.alive for row in rows):
            return [("half", "no whole picture")]
        there = f"the index has {'nothing' if whole is None else f'version {whole.version}'}, the topic {event.version}"
        elsewhere = outcome is not None and outcome.embedding_version != self.embedding_version
        if outcome is not None and elsewhere and standing == "searchable":
            return [("embedding", f"{there}, indexed as embedding version {outcome.embedding_version}")]
        return [("missing" if whole is None else "stale", there)]


def far_apart(one: bytes, other: bytes) -> bool:
    """Whether two codes of one picture cannot be of one model."""
    return hamming(one, other) >= SAME_PICTURE_BITS


def _orphaned(alive: Sequence[Row]) -> list[tuple[Kind, str]]:
    return [("orphaned", f"{len(alive)} living rows, version {max(row.version for row in alive)}")] if alive else []


def _undeleted(alive: Sequence[Row], version: int) -> list[tuple[Kind, str]]:
    left = [row for row in alive if row.version <= version]
    return [("undeleted", f"{len(left)} living rows, deleted up to version {version}")] if left else []


def _inconsistent(rows: Sequence[Row]) -> list[tuple[Kind, str]]:
    """Living rows must be the whole picture and its objects, all of one version."""
    whole, alive = _whole(rows), {row.slot: row for row in rows if row.alive}
    if not alive:
        return []
    if whole is None or not whole.alive:
        return [("half", f"objects {_listed(alive)} without a whole picture")]
    wanted = set(range(1, whole.object_count + 1))
    there = set(alive) - {WHOLE_SLOT}
    mixed = sorted(slot for slot, row in alive.items() if row.version != whole.version)
    parts = [
        f"slots {_listed(slots)} {what}"
        for slots, what in (
            (wanted - there, "missing"),
            (there - wanted, "too many"),
            (mixed, f"not of version {whole.version}"),
        )
        if slots
    ]
    return [("half", ", ".join(parts))] if parts else []


def _blank(alive: Sequence[Row]) -> list[tuple[Kind, str]]:
    blank = [row.slot for row in alive if row.code == TOMBSTONE_CODE]
    return [("code", f"slots {_listed(blank)} have a code of zeros")] if blank else []


def _whole(rows: Sequence[Row]) -> Row | None:
    return next((row for row in rows if row.slot == WHOLE_SLOT), None)


def _listed(slots: Iterable[int]) -> str:
    ordered = sorted(slots)
    return ", ".join(map(str, ordered[:8])) + (", ..." if len(ordered) > 8 else "")
