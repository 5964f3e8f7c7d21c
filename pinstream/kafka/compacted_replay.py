"""Events published again on a compacted lane, where the last record of a key is the one that stays."""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

from pinstream.errors import EventInvalid
from pinstream.events import VERSION_HEADER, PinDeletion, decode_event
from pinstream.kafka.connection import Connection
from pinstream.kafka.errors import NewerEventLost
from pinstream.kafka.offset_ranges import OffsetRange
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader

Rank = tuple[int, bool]
"""An event's version, and whether it is a deletion: of equal versions that is the newer."""

_TABLE: Final = """create table newest (key blob primary key, version integer, deleted integer, partition integer,
    offset integer) without rowid"""


@dataclass(frozen=True, slots=True)
class _Newest:
    rank: Rank
    partition: int
    offset: int


class CompactedReplay:
    """Publishes records again on one lane, so that its last record of a pin is never an older one.

    Kafka cannot compare before it writes, so this looks before and after: a pin of which something newer has come is
    left alone, and where it came in between, it is published once more as it is. ``begins`` are the offsets up to which
    the caller knows the lane. What came since is kept on disk. Blocks, and raises KafkaAway and
    NewerLost, which is one; ``with`` closes it.
    """

    def __init__(self, to: Connection, topic: str, begins: Mapping[int, int], repeater: Replayer) -> None:
        self.topic = topic
        self._repeater = repeater
        self._read_to = dict(begins)
        self._ends = ExitStack()
        self._reader = self._ends.enter_context(TopicReader(to, topic))
        self._table = self._ends.enter_context(closing(sqlite3.connect("", isolation_level=None)))
        self._table.execute("pragma journal_mode = off")
        self._table.execute(_TABLE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.close()

    def publish(self, records: Iterable[StoredRecord]) -> list[tuple[int, int]]:
        """Publish records, acknowledged; the partition and offset that each had, but for those left alone.

        None is held for longer than its turn: a lane's events may be megabytes each.
        """
        self._look()
        sent: dict[bytes, Rank] = {}
        published = []
        for record in records:
            key, rank = record.key or b"", rank_of(record) or (0, False)
            if self._newer(key, rank) is None:
                self._repeater.repeat(replace(record, topic=self.topic))
                sent[key] = rank
                published.append((record.partition, record.offset))
        self._repeater.flush()
        self._set_right(sent)
        return published

    def _set_right(self, sent: Mapping[bytes, Rank]) -> None:
        """Publish once more whatever newer came while these were on their way, until nothing did.

        It ends: each round's are newer than the last one's, so only who keeps publishing a pin keeps it going.
        """
        while sent:
            self._look()
            overtaken = {key: found for key, rank in sent.items() if (found := self._newer(key, rank)) is not None}
            missed = {(found.partition, found.offset): key for key, found in overtaken.items()}
            for record in self._reader.pick(list(missed)):
                self._repeater.repeat(record)
                missed.pop((record.partition, record.offset))
            self._repeater.flush()
            if missed:
                raise NewerEventLost(self.topic, missed)
            sent = {key: found.rank for key, found in overtaken.items()}

    def _look(self) -> None:
        """Take in what has come since the last look."""
        spans = [
            OffsetRange(span.partition, max(span.begin, self._read_to.get(span.partition, 0)), span.end)
            for span in self._reader.offset_ranges()
        ]
        self._table.execute("begin")
        for record in self._reader.read(spans):
            rank = rank_of(record)
            if rank is not None:
                self._table.execute(
                    """insert into newest values (?, ?, ?, ?, ?) on conflict (key) do update set
                    version = excluded.version, deleted = excluded.deleted, partition = excluded.partition,
                    offset = excluded.offset where (excluded.version, excluded.deleted) > (version, deleted)""",
                    (record.key, *rank, record.partition, record.offset),
                )
        self._table.execute("commit")
        self._read_to = {span.partition: span.end for span in spans}

    def _newer(self, key: bytes, rank: Rank) -> _Newest | None:
        """The newest that came of a pin, if it is newer than that."""
        found = self._table.execute(
            "select version, deleted, partition, offset from newest where key = ? and (version, deleted) > (?, ?)",
            (key, *rank),
        ).fetchone()
        return None if found is None else _Newest((found[0], bool(found[1])), *found[2:])


def rank_of(record: StoredRecord) -> Rank | None:
    """How new an event is; None for what cannot be indexed, which stands in nobody's way."""
    try:
        event = decode_event(record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
    except EventInvalid:
        return None
    return event.version, isinstance(event, PinDeletion)


def tombstone(topic: str, pin_id: str, version: int) -> StoredRecord:
    """A deletion of everything up to ``version``, to be published."""
    headers = [(VERSION_HEADER, str(version).encode())]
    return StoredRecord(
        topic=topic, partition=0, offset=0, key=pin_id.encode(), value=None, headers=headers, timestamp_ms=0
    )
