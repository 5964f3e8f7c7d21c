"""Old tombstones out of the index, by key, once nothing can need them any more.

Slot 0 of a deleted pin is the fence against older events, so it goes only when no lane could bring one: its deletion
is older than Kafka keeps tombstones, and no lane ends with an event of the pin. Dead slots of objects guard nothing.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pinstream.cli.screen import Steps
from pinstream.clock import now_ms
from pinstream.kafka.compacted_replay import CompactedReplay, rank_of, tombstone
from pinstream.kafka.connection import Connection
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from pinstream.lanes import LANE_TOPICS
from pinstream.store.collection import WHOLE_SLOT, Row, row_key
from pinstream.store.vector_store import VectorStore

OBJECTS_AGE_S: Final = 3600.0
"""Dead slots of objects go after an hour: long enough for any write that is still on its way."""
_AT_ONCE: Final = 500
_TIMEOUT_S: Final = 15.0
_TABLES: Final = """
create table tombstone (pin text primary key, version integer) without rowid;
create table last_word (pin text, lane integer, version integer, primary key (pin, lane)) without rowid;
"""


@dataclass(slots=True)
class SweepReport:
    """What a sweep found and did; without ``--yes``, would do."""

    rows: int = 0
    """Read."""
    objects: int = 0
    """Dead slots of objects that went."""
    pins: int = 0
    """Deleted pins whose last row went."""
    young: int = 0
    """Deleted pins whose tombstones are too young."""
    held: int = 0
    """Deleted pins of which a lane still ends with an event: it gets a tombstone, and a later sweep takes them."""
    alive: int = 0
    """Rows that came to life, or were written again, while this ran."""


class Sweep:
    """One sweep; with ``act`` false it only counts. Blocks; raises KafkaAway and VectorIndexError, safe to repeat."""

    def __init__(
        self,
        store: VectorStore,
        to: Connection,
        *,
        older_than_s: float,
        act: bool,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._store = store
        self._to = to
        self._older_than_s = older_than_s
        self._act = act
        self._now_ms = now_ms
        self._lanes = tuple(to.topic_prefix + lane for lane in LANE_TOPICS.values())
        self._found = SweepReport()
        self._heard_to: dict[int, dict[int, int]] = {}

    def run(self, steps: Steps) -> SweepReport:
        """All of it: the index, then the lanes, then the tombstones that no lane needs."""
        with closing(sqlite3.connect("", isolation_level=None)) as tables:
            tables.execute("pragma journal_mode = off")
            tables.executescript(_TABLES)
            tables.execute("begin")
            self._collect(tables, steps)
            if tables.execute("select exists (select 1 from tombstone)").fetchone()[0]:
                for lane in range(len(self._lanes)):
                    self._listen(tables, lane, steps)
                self._bury_again(tables)
                self._remove(tables, steps)
        return self._found

    def _collect(self, tables: sqlite3.Connection, steps: Steps) -> None:
        """Every row once: dead objects go at once, old tombstones are noted."""
        step = steps("rows of the index", self._store.count_between("", "~"))
        rows = self._store.rows(batch_size=_AT_ONCE * 4)
        while page := list(islice(rows, _AT_ONCE)):
            self._found.rows += len(page)
            dead = [row for row in page if not row.alive]
            self._found.objects += self._delete(
                [row for row in dead if row.slot != WHOLE_SLOT and self._age_s(row) > OBJECTS_AGE_S]
            )
            fences = [row for row in dead if row.slot == WHOLE_SLOT]
            old = [row for row in fences if self._age_s(row) > self._older_than_s]
            self._found.young += len(fences) - len(old)
            tables.executemany("insert or replace into tombstone values (?, ?)", [(r.pin_id, r.version) for r in old])
            step(len(page))

    def _listen(self, tables: sqlite3.Connection, lane: int, steps: Steps) -> None:
        """Of each pin that may go, the last word in one lane: the version of an event, or nothing for a deletion."""
        with TopicReader(self._to, self._lanes[lane]) as reader:
            spans = reader.offset_ranges()
            self._heard_to[lane] = {span.partition: span.end for span in spans}
            step = steps(self._lanes[lane], sum(span.offsets for span in spans))
            for record in reader.read(spans, advance=step):
                pin = (record.key or b"").decode("utf-8", "replace")
                if tables.execute("select 1 from tombstone where pin = ?", (pin,)).fetchone() is not None:
                    row = (pin, lane, _event_version(record))
                    tables.execute("insert or replace into last_word values (?, ?, ?)", row)

    def _bury_again(self, tables: sqlite3.Connection) -> None:
        """A tombstone on each lane that could bring a deleted pin back to whoever reads it from the beginning."""
        asked = """select pin, tombstone.version from tombstone join last_word using (pin)
            where lane = ? and last_word.version between 1 and tombstone.version order by pin"""
        for lane, topic in enumerate(self._lanes) if self._act else ():
            with (
                closing(tables.execute(asked, (lane,))) as rows,
                Replayer(self._to) as repeater,
                CompactedReplay(self._to, topic, self._heard_to[lane], repeater) as last_word,
            ):
                for chunk in _chunks(rows):
                    last_word.publish([tombstone(topic, pin, version) for pin, version in chunk])
        self._found.held = int(
            tables.execute("select count(distinct pin) from last_word where version > 0").fetchone()[0]
        )

    def _remove(self, tables: sqlite3.Connection, steps: Steps) -> None:
        asked = """select pin, version from tombstone
            where pin not in (select pin from last_word where version > 0) order by pin"""
        total = tables.execute(f"select count(*) from ({asked})").fetchone()[0]  # noqa: S608
        step = steps("tombstones", total)
        with closing(tables.execute(asked)) as rows:
            for chunk in _chunks(rows):
                self._found.pins += self._delete([_SweepGuard(pin, version) for pin, version in chunk])
                step(len(chunk))

    def _delete(self, rows: "Sequence[Row | _SweepGuard]") -> int:
        """Remove those that are still dead and of the same version, at Strong, right before; how many."""
        if not rows or not self._act:
            return len(rows)
        now = self._store.get([row.key for row in rows])
        gone = [row.key for row in rows if _is_same(row, now.get(row.key))]
        self._store.delete(gone)
        self._found.alive += len(rows) - len(gone)
        return len(gone)

    def _age_s(self, row: Row) -> float:
        return (self._now_ms() - row.indexed_at_ms) / 1000


@dataclass(frozen=True, slots=True)
class _SweepGuard:
    pin_id: str
    version: int

    @property
    def key(self) -> str:
        """Slot 0's."""
        return row_key(self.pin_id, WHOLE_SLOT)


def retention_s(to: Connection) -> float:
    """How long the lanes keep tombstones, the longer of the two; raises KafkaUnreachable where Kafka does not say."""
    admin = to.admin(timeout_s=_TIMEOUT_S)
    found = [admin.config("topic", to.topic_prefix + topic)["delete.retention.ms"] for topic in LANE_TOPICS.values()]
    return max(int(ms or 0) for ms in found) / 1000


def _event_version(record: StoredRecord) -> int:
    """0 where it is a deletion, or no event that could ever be indexed."""
    version, deleted = rank_of(record) or (0, False)
    return 0 if deleted else version


def _is_same(before: "Row | _SweepGuard", now: Row | None) -> bool:
    return now is not None and not now.alive and now.version == before.version


def _chunks(rows: Iterable[tuple[str, int]]) -> Iterator[list[tuple[str, int]]]:
    found = iter(rows)
    while chunk := list(islice(found, _AT_ONCE)):
        yield chunk
