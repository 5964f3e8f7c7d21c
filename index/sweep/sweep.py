"""Old tombstones removed from the index, by key, once no lane can bring an older event of their pins.

Slot 0 of a deleted pin keeps older events out, so it stays until its deletion is older than Kafka keeps tombstones and
no lane ends with an event of the pin. Tombstones of single objects keep nothing out and are removed after an hour.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pinstream.cli.screen import StartBar
from pinstream.clock import now_ms
from pinstream.kafka.compacted_replay import CompactedReplay, deletion_record, rank_of
from pinstream.kafka.connection import Connection
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from pinstream.lanes import LANE_TOPICS
from pinstream.store.collection import WHOLE_SLOT, Row, row_key
from pinstream.store.vector_store import VectorStore
from pinstream.temporary_tables import open_temporary_tables

OBJECTS_AGE_S: Final = 3600.0
"""Tombstones of objects are removed after an hour: longer than any write can be on its way."""
_CHUNK: Final = 500
_TIMEOUT_S: Final = 15.0
_SCHEMA: Final = """
create table tombstone (pin text primary key, version integer) without rowid;
create table last_event (pin text, lane integer, version integer, primary key (pin, lane)) without rowid;
"""


@dataclass(slots=True)
class SweepReport:
    """What a sweep did; in a dry run, what it would do."""

    rows: int = 0
    """Read from the index."""
    objects: int = 0
    """Tombstones of objects that were removed."""
    pins: int = 0
    """Deleted pins whose last row was removed."""
    young: int = 0
    """Deleted pins whose tombstones are too young."""
    held: int = 0
    """Deleted pins that stay, as a lane ends with an event of theirs: it gets a tombstone for a later sweep."""
    alive: int = 0
    """Rows that were written again while the sweep ran, and stay."""


class Sweep:
    """One sweep; a dry run only counts. Blocks; raises KafkaUnreachable and VectorIndexError, safe to repeat."""

    def __init__(
        self,
        store: VectorStore,
        connection: Connection,
        *,
        older_than_s: float,
        dry_run: bool,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._store = store
        self._connection = connection
        self._older_than_s = older_than_s
        self._dry_run = dry_run
        self._now_ms = now_ms
        self._lanes = tuple(connection.topic_prefix + lane for lane in LANE_TOPICS.values())
        self._report = SweepReport()
        self._read_up_to: dict[str, dict[int, int]] = {}

    def run(self, start_bar: StartBar) -> SweepReport:
        with closing(open_temporary_tables(_SCHEMA)) as tables:
            self._read_index(tables, start_bar)
            if tables.execute("select exists (select 1 from tombstone)").fetchone()[0]:
                for lane in range(len(self._lanes)):
                    self._read_lane(tables, lane, start_bar)
                self._publish_tombstones(tables)
                self._remove_tombstones(tables, start_bar)
        return self._report

    def _read_index(self, tables: sqlite3.Connection, start_bar: StartBar) -> None:
        """Read every row once: remove tombstones of objects, and collect old ones of pins."""
        advance = start_bar("rows of the index", self._store.count_between("", "~"))
        rows = self._store.rows(batch_size=_CHUNK * 4)
        while page := list(islice(rows, _CHUNK)):
            self._report.rows += len(page)
            dead = [row for row in page if not row.alive]
            self._report.objects += self._delete(
                {row.key: row.version for row in dead if row.slot != WHOLE_SLOT and self._age_s(row) > OBJECTS_AGE_S}
            )
            wholes = [row for row in dead if row.slot == WHOLE_SLOT]
            old = [row for row in wholes if self._age_s(row) > self._older_than_s]
            self._report.young += len(wholes) - len(old)
            tables.executemany("insert or replace into tombstone values (?, ?)", [(r.pin_id, r.version) for r in old])
            advance(len(page))

    def _read_lane(self, tables: sqlite3.Connection, lane: int, start_bar: StartBar) -> None:
        """Collect the version of the last event of each such pin on one lane; 0 where it is a deletion."""
        topic = self._lanes[lane]
        with TopicReader(self._connection, topic) as reader:
            ranges = reader.offset_ranges()
            self._read_up_to[topic] = {each.partition: each.end for each in ranges}
            # A key is in one partition only, so its last record that is read is its last one on the lane.
            for record in reader.read_with_progress(ranges, start_bar):
                pin = (record.key or b"").decode("utf-8", "replace")
                if tables.execute("select 1 from tombstone where pin = ?", (pin,)).fetchone() is not None:
                    row = (pin, lane, _event_version(record))
                    tables.execute("insert or replace into last_event values (?, ?, ?)", row)

    def _publish_tombstones(self, tables: sqlite3.Connection) -> None:
        """Publish a tombstone to each lane that ends with an event of a deleted pin.

        Without it, a worker that reads the lane from the beginning would bring the pin back.
        """
        query = """select pin, tombstone.version from tombstone join last_event using (pin)
            where lane = ? and last_event.version between 1 and tombstone.version order by pin"""
        for lane, topic in () if self._dry_run else enumerate(self._lanes):
            with (
                closing(tables.execute(query, (lane,))) as rows,
                Replayer(self._connection) as producer,
                CompactedReplay(self._connection, topic, self._read_up_to[topic], producer) as replay,
            ):
                while chunk := list(islice(rows, _CHUNK)):
                    replay.publish([deletion_record(topic, pin, version) for pin, version in chunk])
        query = "select count(distinct pin) from last_event where version > 0"
        self._report.held = int(tables.execute(query).fetchone()[0])

    def _remove_tombstones(self, tables: sqlite3.Connection, start_bar: StartBar) -> None:
        """Remove those of pins that no lane ends with an event of."""
        query = """select pin, version from tombstone
            where pin not in (select pin from last_event where version > 0) order by pin"""
        total = tables.execute(f"select count(*) from ({query})").fetchone()[0]  # noqa: S608
        advance = start_bar("tombstones", total)
        with closing(tables.execute(query)) as rows:
            while chunk := list(islice(rows, _CHUNK)):
                self._report.pins += self._delete({row_key(pin, WHOLE_SLOT): version for pin, version in chunk})
                advance(len(chunk))

    def _delete(self, versions: Mapping[str, int]) -> int:
        """Delete these keys, and return how many there were; rows that live or have another version by now stay.

        They are read again, at Strong, right before: Milvus has no conditional delete.
        """
        if self._dry_run or not versions:
            return len(versions)
        now = self._store.get(list(versions))
        unchanged = [
            key
            for key, version in versions.items()
            if (row := now.get(key)) is not None and not row.alive and row.version == version
        ]
        self._store.delete(unchanged)
        self._report.alive += len(versions) - len(unchanged)
        return len(unchanged)

    def _age_s(self, row: Row) -> float:
        return (self._now_ms() - row.indexed_at_ms) / 1000


def retention_s(connection: Connection) -> float:
    """How long the lanes keep tombstones, the longer of the two; raises KafkaUnreachable where Kafka does not say."""
    admin = connection.admin(timeout_s=_TIMEOUT_S)
    found = [
        admin.config("topic", connection.topic_prefix + topic)["delete.retention.ms"] for topic in LANE_TOPICS.values()
    ]
    return max(int(ms or 0) for ms in found) / 1000


def _event_version(record: StoredRecord) -> int:
    """0 where it is a deletion, or no event that could ever be indexed."""
    version, deleted = rank_of(record) or (0, False)
    return 0 if deleted else version
