"""All letters of a topic in a temporary table on disk: however many there are, memory stays small."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import astuple, dataclass, fields
from types import TracebackType
from typing import Final, Self

from streams.dead_letters.dead_letter import DeadLetter, HandledMark

_COLUMNS: Final = tuple(field.name for field in fields(DeadLetter))
_LETTERS: Final = f"""
create table letter ({", ".join(_COLUMNS)}, primary key (partition, offset)) without rowid;
create index letter_by_key on letter (key);
create table settled (key blob primary key, version integer) without rowid;
create table published (topic text, key blob, version integer, primary key (topic, key)) without rowid;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """Which letters; what is empty or None does not restrict."""

    reasons: tuple[str, ...] = ()
    """Stages or exception classes, in any case, the class with or without its module."""
    since_ms: int | None = None
    until_ms: int | None = None
    pins: tuple[str, ...] = ()
    handled: bool = False
    """Whether letters that were replayed or dropped count too."""


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many letters say the same."""

    stage: str
    kind: str
    letters: int
    pins: int


class DeadLetterStore:
    """Letters and marks in, selections out; ``with`` removes the table."""

    def __init__(self) -> None:
        self._tables = sqlite3.connect("", isolation_level=None)  # no name: on disk, and nobody else's
        self._tables.execute("pragma journal_mode = off")
        self._tables.executescript(_LETTERS)
        self._tables.execute("begin")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tables.close()

    def add(self, found: DeadLetter | HandledMark) -> None:
        """Keep a letter, or note what became of some; in the order of the topic."""
        if isinstance(found, DeadLetter):
            marks = ", ".join("?" * len(_COLUMNS))
            self._tables.execute(f"insert or replace into letter values ({marks})", astuple(found))  # noqa: S608
        else:
            places = [(found.handled, found.partition, offset) for offset in found.offsets]
            self._tables.executemany("update letter set handled = ? where partition = ? and offset = ?", places)

    def settle(self, pins: Iterable[tuple[bytes, int]]) -> None:
        """Note versions at which pins were indexed, deleted or left behind since."""
        self._tables.executemany(
            "insert into settled values (?, ?)"
            " on conflict (key) do update set version = max(version, excluded.version)",
            pins,
        )

    def publish(self, topic: str, events: Iterable[tuple[bytes, int]]) -> None:
        """Note versions of pins that a lane holds behind the events of its letters."""
        self._tables.executemany(
            "insert into published values (?, ?, ?)"
            " on conflict (topic, key) do update set version = max(version, excluded.version)",
            ((topic, key, version) for key, version in events),
        )

    def sources(self, topic: str) -> dict[int, int]:
        """By partition of ``topic``, the first offset that an event of an open letter has there."""
        asked = """select source_partition, min(source_offset) from letter
            where source = ? and handled = '' group by source_partition"""
        return dict(self._tables.execute(asked, (topic,)))

    def has(self, key: bytes) -> bool:
        """Whether any letter is about this pin."""
        return self._one("select exists (select 1 from letter where key = ?)", (key,)) == 1

    def letters(self, wanted: DeadLetterFilter, *, limit: int | None = None) -> Iterator[DeadLetter]:
        """The newest first."""
        where, values = _where(wanted)
        asked = f"select * from letter where {where} order by at_ms desc, partition, offset desc limit ?"  # noqa: S608
        yield from self._found(asked, [*values, -1 if limit is None else limit])

    def last_of_each_pin(self, wanted: DeadLetterFilter) -> Iterator[DeadLetter]:
        """Of each pin the letter of its greatest version, the later one of equals."""
        where, values = _where(wanted)
        asked = f"""
            select {", ".join(_COLUMNS)} from (
                select *, row_number() over (partition by key order by version desc, at_ms desc, offset desc) as place
                from letter where {where}
            ) where place = 1 order by partition, offset"""  # noqa: S608
        yield from self._found(asked, values)

    def open_before(self, letter: DeadLetter) -> tuple[int, ...]:
        """Offsets of the pin's letters, this one among them, that a replay of this one does away with."""
        asked = "select offset from letter where partition = ? and key = ? and version <= ? and handled = ''"
        with closing(self._tables.execute(asked, (letter.partition, letter.key, letter.version))) as rows:
            return tuple(sorted(offset for (offset,) in rows))

    def settled(self, letter: DeadLetter) -> bool:
        """Whether the letter's pin has been settled since at its version or a newer one."""
        asked = "select exists (select 1 from settled where key = ? and version >= ?)"
        return letter.version > 0 and self._one(asked, (letter.key, letter.version)) == 1

    def replaced(self, letter: DeadLetter, topic: str) -> bool:
        """Whether ``topic`` is known to hold an event of the letter's pin that is newer than the letter's own."""
        asked = "select exists (select 1 from published where topic = ? and key = ? and version > ?)"
        return self._one(asked, (topic, letter.key, letter.version)) == 1

    def counts(self, wanted: DeadLetterFilter) -> list[ReasonCount]:
        """By stage and exception class, the most frequent first."""
        where, values = _where(wanted)
        asked = f"select stage, error, count(*), count(distinct key) from letter where {where} group by 1, 2"  # noqa: S608
        with closing(self._tables.execute(asked, values)) as rows:
            found = [
                ReasonCount(stage, error.rpartition(".")[2], letters, pins) for stage, error, letters, pins in rows
            ]
        return sorted(found, key=lambda count: (-count.letters, count.stage, count.kind))

    def total(self, wanted: DeadLetterFilter) -> int:
        """How many."""
        where, values = _where(wanted)
        return self._one(f"select count(*) from letter where {where}", values)  # noqa: S608

    def _one(self, asked: str, values: Sequence[object]) -> int:
        return int(self._tables.execute(asked, values).fetchone()[0])

    def _found(self, asked: str, values: Sequence[object]) -> Iterator[DeadLetter]:
        with closing(self._tables.execute(asked, values)) as rows:
            for row in rows:
                found = dict(zip(_COLUMNS, row, strict=True))
                yield DeadLetter(**{**found, "unexpected": bool(found["unexpected"])})


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
