"""What an audit knows of each pin, in one SQLite file: memory stays small, and an interrupted audit can continue."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from index.audit.compare import LastOutcome
from index.audit.findings import Finding
from index.audit.progress import AuditProgress
from pinstream.standing import EventPosition, is_later, is_newer

_SCHEMA: Final = """
create table if not exists last_event (pin text primary key, topic text, partition integer, offset integer,
    version integer, is_deletion integer, published_at_ms integer, republished integer) without rowid;
create table if not exists last_outcome (pin text primary key, outcome text, version integer, embedding_version integer,
    topic text, partition integer, offset integer, finished_at_ms integer) without rowid;
create table if not exists picture (digest blob primary key, code blob, pin text) without rowid;
create table if not exists finding (pin text, kind text, detail text, last_slot integer,
    primary key (pin, kind)) without rowid;
"""

_EVENT_FIELDS: Final = (
    "topic", "partition", "offset", "version", "is_deletion", "published_at_ms", "republished"
)  # fmt: skip
_OUTCOME_FIELDS: Final = ("outcome", "version", "embedding_version", "topic", "partition", "offset", "finished_at_ms")
"""The columns of both tables after the pin, in order."""


class LedgerMismatch(Exception):
    """The file belongs to another audit; the message says what differs."""


class AuditLedger:
    """Last events, last outcomes and findings by pin; ``path`` None is a temporary file."""

    def __init__(self, path: Path | None) -> None:
        self._tables = sqlite3.connect("" if path is None else path, isolation_level=None)
        self._tables.execute(f"pragma journal_mode = {'memory' if path is None else 'wal'}")
        self._tables.execute("pragma synchronous = normal")
        self._tables.executescript(_SCHEMA)
        self.progress = AuditProgress(self._tables)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tables.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside is in the file after a crash, all of it or none."""
        self._tables.execute("begin")
        try:
            yield
        except BaseException:
            self._tables.execute("rollback")
            raise
        self._tables.execute("commit")

    def require_same_audit(self, names: Mapping[str, str]) -> None:
        """Raises LedgerMismatch where the file was begun with other values; a new file takes these."""
        for name, value in names.items():
            found = self.progress.get(name)
            if found is not None and found != value:
                raise LedgerMismatch(f"it is of an audit with {name} {found!r}, not {value!r}: name another file")
            self.progress.set(name, value)

    def add_events(self, events: Iterable[tuple[str, EventPosition]]) -> None:
        """Keep each where it is its pin's newest."""
        for pin, event in events:
            if is_newer(event, self.last_event(pin)):
                self._insert("last_event", (pin, *(getattr(event, name) for name in _EVENT_FIELDS)))

    def add_outcomes(self, outcomes: Iterable[tuple[str, LastOutcome]]) -> None:
        """Keep each where it is its pin's latest."""
        for pin, outcome in outcomes:
            if is_later(outcome, self.last_outcome(pin)):
                self._insert("last_outcome", (pin, *(getattr(outcome, name) for name in _OUTCOME_FIELDS)))

    def pins(self, *, after: str = "") -> Iterator[tuple[str, EventPosition, LastOutcome | None]]:
        """All pins with an event, beyond ``after``, in the order of the index's keys."""
        query = "select * from last_event left join last_outcome using (pin) where pin > ? order by pin"
        with closing(self._tables.execute(query, (after,))) as rows:
            for pin, *rest in rows:
                yield pin, _event(rest[: len(_EVENT_FIELDS)]), _outcome(rest[len(_EVENT_FIELDS) :])

    def pin_count(self) -> int:
        return int(self._tables.execute("select count(*) from last_event").fetchone()[0])

    def last_event(self, pin: str) -> EventPosition | None:
        found = self._tables.execute("select * from last_event where pin = ?", (pin,)).fetchone()
        return None if found is None else _event(found[1:])

    def last_outcome(self, pin: str) -> LastOutcome | None:
        found = self._tables.execute("select * from last_outcome where pin = ?", (pin,)).fetchone()
        return None if found is None else _outcome(found[1:])

    def first_code(self, digest: bytes, code: bytes, pin: str) -> tuple[bytes, str]:
        """The first code that came with a picture, and its pin: the ones given, if they are the first."""
        self._tables.execute("insert or ignore into picture values (?, ?, ?)", (digest, code, pin))
        found = self._tables.execute("select code, pin from picture where digest = ?", (digest,)).fetchone()
        return bytes(found[0]), str(found[1])

    def add_findings(self, findings: Iterable[Finding]) -> None:
        rows = [(each.pin_id, each.kind, each.detail, each.last_slot) for each in findings]
        self._tables.executemany("insert or replace into finding values (?, ?, ?, ?)", rows)

    def clear_findings(self, pins: Iterable[str]) -> None:
        self._tables.executemany("delete from finding where pin = ?", [(pin,) for pin in pins])

    def findings(self, *, pins: Sequence[str] | None = None, limit: int | None = None) -> list[Finding]:
        """Of ``pins`` or of all, in the order of pins; at most ``limit``."""
        which = "true" if pins is None else f"pin in ({', '.join('?' * len(pins))})"
        query = f"select * from finding where {which} order by pin, kind limit ?"  # noqa: S608
        return [Finding(*row) for row in self._tables.execute(query, (*(pins or ()), -1 if limit is None else limit))]

    def finding_counts(self) -> dict[str, int]:
        """Pins by kind of finding."""
        return dict(self._tables.execute("select kind, count(*) from finding group by kind"))

    def pins_with_findings(self, *, after: str, limit: int) -> list[str]:
        """Beyond ``after``, in order; at most ``limit``."""
        query = "select distinct pin from finding where pin > ? order by pin limit ?"
        return [pin for (pin,) in self._tables.execute(query, (after, limit))]

    def pins_to_repair(self) -> Iterator[tuple[str, int]]:
        """Pins whose rows are wrong, and the last slot of each, in the order of their events in the topics."""
        query = """select pin, max(last_slot) from finding left join last_event using (pin)
            where kind <> 'embedding' group by pin order by topic, partition, offset"""
        with closing(self._tables.execute(query)) as rows:
            yield from rows

    def _insert(self, table: str, row: Sequence[object]) -> None:
        self._tables.execute(f"insert or replace into {table} values ({', '.join('?' * len(row))})", row)  # noqa: S608


def _event(row: Sequence[Any]) -> EventPosition:
    fields = dict(zip(_EVENT_FIELDS, row, strict=True))
    return EventPosition(**fields | {"is_deletion": bool(fields["is_deletion"])})


def _outcome(row: Sequence[Any]) -> LastOutcome | None:
    return None if row[0] is None else LastOutcome(**dict(zip(_OUTCOME_FIELDS, row, strict=True)))
