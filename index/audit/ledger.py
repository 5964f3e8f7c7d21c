"""What an audit knows so far, in one SQLite file: memory stays small, and an audit that was cut off goes on."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from index.audit.findings import Finding, LastEvent, LastOutcome
from pinstream.kafka.offset_ranges import OffsetRange

_TABLES: Final = """
create table if not exists meta (name text primary key, value text) without rowid;
create table if not exists span (topic text, partition integer, position integer, until integer,
    primary key (topic, partition)) without rowid;
create table if not exists word (pin text primary key, version integer, deleted integer, lane integer,
    partition integer, offset integer, at_ms integer) without rowid;
create table if not exists outcome (pin text primary key, result text, version integer, embedding_version integer,
    lane integer, partition integer, offset integer) without rowid;
create table if not exists picture (digest blob primary key, code blob, pin text) without rowid;
create table if not exists finding (pin text, kind text, detail text, last_slot integer,
    primary key (pin, kind)) without rowid;
"""


class LedgerMismatch(Exception):
    """The file is of another audit; says what differs."""


class AuditLedger:
    """Words, outcomes and findings by pin. A block of ``saving`` is kept whole or not at all."""

    def __init__(self, path: Path | None) -> None:
        self._tables = sqlite3.connect("" if path is None else path, isolation_level=None)
        self._tables.execute(f"pragma journal_mode = {'memory' if path is None else 'wal'}")
        self._tables.execute("pragma synchronous = normal")
        self._tables.executescript(_TABLES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tables.close()

    @contextmanager
    def saving(self) -> Iterator[None]:
        """What is written inside is there after a crash altogether, or not at all."""
        self._tables.execute("begin")
        try:
            yield
        except BaseException:
            self._tables.execute("rollback")
            raise
        self._tables.execute("commit")

    def belongs_to(self, audit: dict[str, str]) -> None:
        """Note what is audited; raises LedgerMismatch where the file began as something else."""
        for name, value in audit.items():
            found = self.noted(name)
            if found is not None and found != value:
                raise LedgerMismatch(f"it is of an audit with {name} {found!r}, not {value!r}: name another file")
            self.note(name, value)

    def note(self, name: str, value: str) -> None:
        """Keep one value under a name."""
        self._tables.execute("insert or replace into meta values (?, ?)", (name, value))

    def noted(self, name: str) -> str | None:
        """The value under a name."""
        found = self._tables.execute("select value from meta where name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def count(self, name: str, *, more: int) -> None:
        """Add to a number under a name."""
        self.note(name, str(self.counted(name) + more))

    def counted(self, name: str) -> int:
        """A number under a name, from 0."""
        return int(self.noted(name) or 0)

    def spans_left(self, topic: str, spans: Callable[[], Sequence[OffsetRange]]) -> list[OffsetRange]:
        """What is left to read of a topic up to the end it had when it was begun; ``spans`` is asked for that once."""
        asked = "select partition, position, until from span where topic = ? order by partition"
        found = [OffsetRange(*row) for row in self._tables.execute(asked, (topic,))]
        if not found:
            found = list(spans())
            self._keep_spans(topic, found)
        return found

    def extend(self, topic: str, now: Sequence[OffsetRange]) -> list[OffsetRange]:
        """What came on a topic since; noted as the next thing to read."""
        begun = {span.partition: span.begin for span in self.spans_left(topic, lambda: now)}
        spans = [OffsetRange(span.partition, begun.get(span.partition, span.begin), span.end) for span in now]
        self._keep_spans(topic, spans)
        return spans

    def reached(self, topic: str, positions: dict[int, int]) -> None:
        """These offsets are the next to read."""
        rows = [(position, topic, partition) for partition, position in positions.items()]
        self._tables.executemany("update span set position = ? where topic = ? and partition = ?", rows)

    def hear(self, words: Iterable[tuple[str, LastEvent]]) -> None:
        """Take in what lanes say; of a pin the greatest version stands, and of equals the deletion."""
        rows = [
            (pin, word.version, word.deleted, word.lane, word.partition, word.offset, word.at_ms) for pin, word in words
        ]
        self._tables.executemany(
            """insert into word values (?, ?, ?, ?, ?, ?, ?) on conflict (pin) do update set version = excluded.version,
            deleted = excluded.deleted, lane = excluded.lane, partition = excluded.partition,
            offset = excluded.offset, at_ms = excluded.at_ms
            where (excluded.version, excluded.deleted) >= (word.version, word.deleted)""",
            rows,
        )

    def learn(self, outcomes: Iterable[tuple[str, LastOutcome]]) -> None:
        """Take in outcomes; of a pin that of the greatest version stands, and the later of equals."""
        rows = [
            (pin, each.result, each.version, each.embedding_version, each.lane, each.partition, each.offset)
            for pin, each in outcomes
        ]
        self._tables.executemany(
            """insert into outcome values (?, ?, ?, ?, ?, ?, ?) on conflict (pin) do update set
            result = excluded.result, version = excluded.version, embedding_version = excluded.embedding_version,
            lane = excluded.lane, partition = excluded.partition, offset = excluded.offset
            where excluded.version > outcome.version or (excluded.version = outcome.version
            and outcome.result <> 'deleted' and excluded.result <> 'superseded')""",
            rows,
        )

    def words(self, *, after: str = "") -> Iterator[tuple[str, LastEvent, LastOutcome | None]]:
        """All pins that the topics know, beyond ``after``, in the order of the index's keys, with their outcomes."""
        asked = "select * from word left join outcome using (pin) where pin > ? order by pin"
        with closing(self._tables.execute(asked, (after,))) as rows:
            for pin, *rest in rows:
                yield pin, _word(rest[:6]), _outcome(rest[6:])

    def word(self, pin: str) -> LastEvent | None:
        """What the topics say of one pin."""
        found = self._tables.execute("select * from word where pin = ?", (pin,)).fetchone()
        return None if found is None else _word(found[1:])

    def outcome(self, pin: str) -> LastOutcome | None:
        """What last became of one pin."""
        found = self._tables.execute("select * from outcome where pin = ?", (pin,)).fetchone()
        return None if found is None else _outcome(found[1:])

    def pins(self) -> int:
        """How many pins the topics know."""
        return int(self._tables.execute("select count(*) from word").fetchone()[0])

    def picture(self, digest: bytes, code: bytes, pin: str) -> tuple[bytes, str]:
        """The first code that was met with a picture, and whose it is: this one, if it is the first."""
        self._tables.execute("insert or ignore into picture values (?, ?, ?)", (digest, code, pin))
        found = self._tables.execute("select code, pin from picture where digest = ?", (digest,)).fetchone()
        return bytes(found[0]), str(found[1])

    def find(self, findings: Iterable[Finding]) -> None:
        """Keep findings."""
        rows = [(each.pin_id, each.kind, each.detail, each.last_slot) for each in findings]
        self._tables.executemany("insert or replace into finding values (?, ?, ?, ?)", rows)

    def clear(self, pins: Iterable[str]) -> None:
        """Forget what was found of these pins."""
        self._tables.executemany("delete from finding where pin = ?", [(pin,) for pin in pins])

    def findings(self, *, pins: Sequence[str] | None = None, limit: int | None = None) -> list[Finding]:
        """Of some pins or of all, by pin; ``limit`` of them at most."""
        which = "true" if pins is None else f"pin in ({', '.join('?' * len(pins))})"
        asked = f"select * from finding where {which} order by pin, kind limit ?"  # noqa: S608
        return [Finding(*row) for row in self._tables.execute(asked, (*(pins or ()), -1 if limit is None else limit))]

    def pins_found(self, *, after: str, limit: int) -> list[str]:
        """Pins with findings, beyond ``after``."""
        asked = "select distinct pin from finding where pin > ? order by pin limit ?"
        return [pin for (pin,) in self._tables.execute(asked, (after, limit))]

    def wanting(self) -> Iterator[tuple[str, int]]:
        """Pins whose rows are wrong and the last slot of each, in the order in which the topics hold their words."""
        asked = """select pin, max(last_slot) from finding left join word using (pin)
            where kind <> 'embedding' group by pin order by lane, partition, offset"""
        with closing(self._tables.execute(asked)) as rows:
            yield from rows

    def found(self) -> dict[str, int]:
        """How many pins there are of each kind of finding."""
        return dict(self._tables.execute("select kind, count(*) from finding group by kind"))

    def _keep_spans(self, topic: str, spans: Sequence[OffsetRange]) -> None:
        rows = [(topic, span.partition, span.begin, span.end) for span in spans]
        self._tables.executemany("insert or replace into span values (?, ?, ?, ?)", rows)


def _outcome(row: Sequence[Any]) -> LastOutcome | None:
    result, version, embedding_version, lane, partition, offset = row
    if result is None:
        return None
    return LastOutcome(
        result=result,
        version=version,
        embedding_version=embedding_version,
        lane=lane,
        partition=partition,
        offset=offset,
    )


def _word(row: Sequence[int]) -> LastEvent:
    version, deleted, lane, partition, offset, at_ms = row
    return LastEvent(version=version, deleted=bool(deleted), lane=lane, partition=partition, offset=offset, at_ms=at_ms)
