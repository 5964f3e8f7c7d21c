"""Old events published again on a compacted lane, so that none replaces a newer event of its pin."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

from pinstream.events import VERSION_HEADER
from pinstream.kafka.connection import Connection
from pinstream.kafka.errors import NewerEventLost
from pinstream.kafka.offset_ranges import OffsetRange
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from pinstream.standing import event_position
from pinstream.temporary_tables import open_temporary_tables

Rank = tuple[int, bool]
"""An event's version, and whether it is a deletion: of equal versions the deletion is the newer."""

_SCHEMA: Final = """create table newest (key blob primary key, version integer, deleted integer, partition integer,
    offset integer) without rowid;"""


@dataclass(frozen=True, slots=True)
class _NewestEvent:
    rank: Rank
    partition: int
    offset: int


class CompactedReplay:
    """Publishes old events again on one lane, so that a pin's last record there is still its newest event.

    Compaction keeps the last record of a key, and Kafka has no conditional write. So the lane is read before and
    after: a pin that has a newer event already is left out, and if a newer event arrives meanwhile, it is published
    once more, unchanged.

    ``begins`` are the offsets up to which the caller has read the lane; what came since is read into a temporary file.
    Calls block. They raise KafkaUnreachable, and NewerEventLost if compaction removed a newer event before it could be
    published once more. ``with`` closes it.
    """

    def __init__(self, connection: Connection, topic: str, begins: Mapping[int, int], replayer: Replayer) -> None:
        self.topic = topic
        self._replayer = replayer
        self._read_to = dict(begins)
        self._resources = ExitStack()
        self._reader = self._resources.enter_context(TopicReader(connection, topic))
        self._table = self._resources.enter_context(closing(open_temporary_tables(_SCHEMA)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def publish(self, records: Iterable[StoredRecord]) -> list[tuple[int, int]]:
        """Publish ``records`` and wait for the acknowledgements; return the old position of each that was published.

        A position is a partition and an offset. ``records`` is read one by one: an event may have megabytes.
        """
        self._read_new()
        sent: dict[bytes, Rank] = {}
        published = []
        for record in records:
            key, rank = record.key or b"", rank_of(record) or (0, False)
            if self._newer_than(key, rank) is None:
                self._replayer.publish(replace(record, topic=self.topic))
                sent[key] = rank
                published.append((record.partition, record.offset))
        self._replayer.flush()
        self._republish_newer(sent)
        return published

    def _republish_newer(self, sent: Mapping[bytes, Rank]) -> None:
        """Publish once more every newer event that arrived while ``sent`` were on their way, until none did.

        It ends: the events of each round are newer than those of the last, so it goes on for only as long as pins keep
        being published.
        """
        while sent:
            self._read_new()
            newer = {key: found for key, rank in sent.items() if (found := self._newer_than(key, rank)) is not None}
            missing = {(found.partition, found.offset): key for key, found in newer.items()}
            for record in self._reader.read_at(list(missing)):
                self._replayer.publish(record)
                missing.pop((record.partition, record.offset))
            self._replayer.flush()
            if missing:
                raise NewerEventLost(self.topic, missing)
            sent = {key: found.rank for key, found in newer.items()}

    def _read_new(self) -> None:
        """Read what has come since the last call into the table."""
        ranges = [
            OffsetRange(
                available.partition, max(available.begin, self._read_to.get(available.partition, 0)), available.end
            )
            for available in self._reader.offset_ranges()
        ]
        for record in self._reader.read(ranges):
            rank = rank_of(record)
            if rank is not None:
                self._table.execute(
                    """insert into newest values (?, ?, ?, ?, ?) on conflict (key) do update set
                    version = excluded.version, deleted = excluded.deleted, partition = excluded.partition,
                    offset = excluded.offset where (excluded.version, excluded.deleted) > (version, deleted)""",
                    (record.key, *rank, record.partition, record.offset),
                )
        self._read_to = {each.partition: each.end for each in ranges}

    def _newer_than(self, key: bytes, rank: Rank) -> _NewestEvent | None:
        found = self._table.execute(
            "select version, deleted, partition, offset from newest where key = ? and (version, deleted) > (?, ?)",
            (key, *rank),
        ).fetchone()
        return None if found is None else _NewestEvent((found[0], bool(found[1])), *found[2:])


def rank_of(record: StoredRecord) -> Rank | None:
    """The rank of a record's event; None if it does not decode: then any event may replace it."""
    event = event_position(record)
    return None if event.version is None else event.rank


def deletion_record(topic: str, pin_id: str, version: int) -> StoredRecord:
    """The record to publish to delete a pin up to ``version``."""
    headers = [(VERSION_HEADER, str(version).encode())]
    return StoredRecord(
        topic=topic, partition=0, offset=0, key=pin_id.encode(), value=None, headers=headers, timestamp_ms=0
    )
