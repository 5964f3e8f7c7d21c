"""All dead letters of a topic in temporary tables on disk, and what happened to their pins since."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from types import TracebackType
from typing import Final, Self

from pinstream.temporary_tables import open_temporary_tables
from streams.dead_letters.dead_letter import DeadLetter, HandledMark

_COLUMNS: Final = tuple(field.name for field in fields(DeadLetter))
_SCHEMA: Final = f"""
create table dead_letter ({", ".join(_COLUMNS)}, primary key (partition, offset)) without rowid;
create index dead_letter_by_key on dead_letter (key);
create table indexed (key blob primary key, version integer, is_deletion integer) without rowid;
create table published (topic text, key blob, version integer, primary key (topic, key)) without rowid;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """Which dead letters; what is empty or None does not restrict."""

    reasons: tuple[str, ...] = ()
    """Stages or exception classes, in any case, the class with or without its module."""
    since_ms: int | None = None
    until_ms: int | None = None
    pins: tuple[str, ...] = ()
    handled: bool = False
    """Whether dead letters that were replayed or dropped count too."""


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many dead letters, and of how many pins, have one reason."""

    stage: str
    kind: str
    dead_letters: int
    pins: int


class DeadLetterStore:
    """Filled in the order of the topic; ``with`` removes the tables."""

    def __init__(self) -> None:
        self._tables = open_temporary_tables(_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tables.close()

    def add(self, found: DeadLetter | HandledMark) -> None:
        if isinstance(found, DeadLetter):
            marks = ", ".join("?" * len(_COLUMNS))
            self._tables.execute(f"insert or replace into dead_letter values ({marks})", astuple(found))  # noqa: S608
        else:
            rows = [(found.handled, found.partition, offset) for offset in found.offsets]
            self._tables.executemany("update dead_letter set handled = ? where partition = ? and offset = ?", rows)

    def add_indexed(self, pins: Iterable[tuple[bytes, tuple[int, bool]]]) -> None:
        """Add keys, and the ranks of outcomes by which their pins were indexed, deleted or superseded."""
        self._tables.executemany(
            "insert into indexed values (?, ?, ?) on conflict (key) do update"
            " set version = excluded.version, is_deletion = excluded.is_deletion"
            " where (excluded.version, excluded.is_deletion) > (version, is_deletion)",
            ((key, *rank) for key, rank in pins),
        )

    def add_published(self, topic: str, events: Iterable[tuple[bytes, int]]) -> None:
        """Add keys and versions of events that ``topic`` holds behind the events of its dead letters."""
        self._tables.executemany(
            "insert into published values (?, ?, ?)"
            " on conflict (topic, key) do update set version = max(version, excluded.version)",
            ((topic, key, version) for key, version in events),
        )

    def first_event_offsets(self, topic: str) -> dict[int, int]:
        """By partition of ``topic``, the smallest offset of an event that has an open dead letter."""
        query = """select source_partition, min(source_offset) from dead_letter
            where source = ? and handled = '' group by source_partition"""
        return dict(self._tables.execute(query, (topic,)))

    def has_key(self, key: bytes) -> bool:
        return self._number("select exists (select 1 from dead_letter where key = ?)", (key,)) == 1

    def select(self, wanted: DeadLetterFilter, *, limit: int | None = None) -> Iterator[DeadLetter]:
        """The newest first."""
        where, values = _where(wanted)
        query = f"select * from dead_letter where {where} order by at_ms desc, partition, offset desc limit ?"  # noqa: S608
        yield from self._rows(query, [*values, -1 if limit is None else limit])

    def newest_of_each_pin(self, wanted: DeadLetterFilter) -> Iterator[DeadLetter]:
        """Of each pin the dead letter of its greatest version, the later one of equals."""
        where, values = _where(wanted)
        query = f"""
            select {", ".join(_COLUMNS)} from (
                select *, row_number() over (partition by key order by version desc, at_ms desc, offset desc) as rank
                from dead_letter where {where}
            ) where rank = 1 order by partition, offset"""  # noqa: S608
        yield from self._rows(query, values)

    def open_up_to(self, dead_letter: DeadLetter) -> tuple[int, ...]:
        """Offsets of the pin's open dead letters up to this one's version: replaying this one handles them all."""
        query = "select offset from dead_letter where partition = ? and key = ? and version <= ? and handled = ''"
        values = (dead_letter.partition, dead_letter.key, dead_letter.version)
        with closing(self._tables.execute(query, values)) as rows:
            return tuple(sorted(offset for (offset,) in rows))

    def is_obsolete(self, dead_letter: DeadLetter) -> bool:
        """Whether the pin was indexed, deleted or superseded since, at the dead letter's version or a newer one.

        A deletion is obsolete only once the pin was deleted, or indexed at a newer version.
        """
        query = "select exists (select 1 from indexed where key = ? and (version, is_deletion) >= (?, ?))"
        values = (dead_letter.key, dead_letter.version, dead_letter.is_deletion)
        return dead_letter.version > 0 and self._number(query, values) == 1

    def has_newer_event(self, dead_letter: DeadLetter, topic: str) -> bool:
        """Whether ``topic`` is known to hold a newer event of the pin than the dead letter's."""
        query = "select exists (select 1 from published where topic = ? and key = ? and version > ?)"
        return self._number(query, (topic, dead_letter.key, dead_letter.version)) == 1

    def counts(self, wanted: DeadLetterFilter) -> list[ReasonCount]:
        """By stage and exception class, the most frequent first."""
        where, values = _where(wanted)
        query = f"select stage, error, count(*), count(distinct key) from dead_letter where {where} group by 1, 2"  # noqa: S608
        with closing(self._tables.execute(query, values)) as rows:
            found = [ReasonCount(stage, error.rpartition(".")[2], count, pins) for stage, error, count, pins in rows]
        return sorted(found, key=lambda each: (-each.dead_letters, each.stage, each.kind))

    def total(self, wanted: DeadLetterFilter) -> int:
        where, values = _where(wanted)
        return self._number(f"select count(*) from dead_letter where {where}", values)  # noqa: S608

    def _number(self, query: str, values: Sequence[object]) -> int:
        return int(self._tables.execute(query, values).fetchone()[0])

    def _rows(self, query: str, values: Sequence[object]) -> Iterator[DeadLetter]:
        with closing(self._tables.execute(query, values)) as rows:
            for row in rows:
                columns = dict(zip(_COLUMNS, row, strict=True))
                flags = {name: bool(columns[name]) for name in ("unexpected", "is_deletion", "headers_unreadable")}
                yield DeadLetter(**columns | flags)


def _where(wanted: DeadLetterFilter) -> tuple[str, list[object]]:
    """A condition with its values; reasons compare with the stage, the class, and the class without its module."""
    clauses: list[str] = [] if wanted.handled else ["handled = ''"]
    values: list[object] = []
    if wanted.reasons:
        each = "(lower(stage) = ? or lower(error) = ? or lower(error) like ? escape '\\')"
        clauses.append("(" + " or ".join([each] * len(wanted.reasons)) + ")")
        for reason in (text.lower() for text in wanted.reasons):
            literal = reason.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            values += [reason, reason, f"%.{literal}"]
    if wanted.since_ms is not None:
        clauses.append("at_ms >= ?")
        values.append(wanted.since_ms)
    if wanted.until_ms is not None:
        clauses.append("at_ms < ?")
        values.append(wanted.until_ms)
    if wanted.pins:
        clauses.append(f"key in ({', '.join('?' * len(wanted.pins))})")
        values += [pin.encode() for pin in wanted.pins]
    return " and ".join(clauses) or "true", values
