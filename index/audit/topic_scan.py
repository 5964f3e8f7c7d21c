"""The topics' side of an audit: the last event of each pin, and its last outcome."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from index.audit.compare import LastOutcome
from index.audit.ledger import AuditLedger
from index.audit.sample import Sample
from pinstream.cli.screen import StartBar
from pinstream.errors import EventInvalid
from pinstream.events import (
    INDEXED_TOPIC,
    PinOutcome,
    valid_pin_id,
)
from pinstream.kafka.admin import PartitionId
from pinstream.kafka.connection import Connection
from pinstream.kafka.consumer_group import ConsumerGroup, lane_group
from pinstream.kafka.offset_ranges import OffsetRange
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from pinstream.lanes import LANE_TOPICS
from pinstream.standing import EventPosition, event_position

_CHUNK: Final = 1_000


class TopicScan:
    """Reads both lanes and ``pins.indexed`` into a ledger. Calls block, and raise KafkaUnreachable."""

    def __init__(self, connection: Connection, ledger: AuditLedger, sample: Sample) -> None:
        self._connection = connection
        self._ledger = ledger
        self._sample = sample
        self.lanes = tuple(connection.topic_prefix + lane for lane in LANE_TOPICS.values())
        self.indexed = connection.topic_prefix + INDEXED_TOPIC

    def read(self, start_bar: StartBar) -> None:
        """Read up to the ends that the topics had when this was first called; continues after an interruption."""
        for topic in (*self.lanes, self.indexed):
            with TopicReader(self._connection, topic) as reader:
                ranges = self._ledger.progress.ranges_left(topic, reader.offset_ranges)
                self._read_ranges(reader, ranges, start_bar, topic)

    def read_since(self, start_bar: StartBar) -> None:
        """Read what came since, up to the ends that the topics have now."""
        for topic in (*self.lanes, self.indexed):
            with TopicReader(self._connection, topic) as reader:
                ranges = self._ledger.progress.extend_ranges(topic, reader.offset_ranges())
                self._read_ranges(reader, ranges, start_bar, f"{topic}, since")

    def committed_offsets(self, group: str) -> dict[PartitionId, int]:
        """The offset that the workers read next, by topic and partition, where they have committed one."""
        settings, counts = self._connection.client_settings(), self._connection.admin().partition_counts()
        found: dict[PartitionId, int] = {}
        for lane, topic in zip(LANE_TOPICS, self.lanes, strict=True):
            workers = ConsumerGroup(settings, lane_group(group, lane))
            partitions = [(topic, number) for number in range(counts.get(topic, 0))]
            found |= workers.committed(partitions)
        return found

    def _read_ranges(self, reader: TopicReader, ranges: Sequence[OffsetRange], start_bar: StartBar, name: str) -> None:
        progress = self._ledger.progress
        records = reader.read_with_progress(ranges, start_bar, name)
        while chunk := list(islice(records, _CHUNK)):
            # Content and position in one transaction: after an interruption no record is missing.
            with self._ledger.transaction():
                if reader.topic == self.indexed:
                    self._ledger.add_outcomes(self._outcomes(chunk))
                else:
                    self._ledger.add_events(self._events(chunk))
                progress.set_positions(reader.topic, {each.partition: each.offset + 1 for each in chunk})
        with self._ledger.transaction():
            progress.set_positions(reader.topic, {each.partition: each.end for each in ranges})

    def _events(self, records: Sequence[StoredRecord]) -> Iterator[tuple[str, EventPosition]]:
        for record in records:
            pin_id = self._sampled_pin(record.key)
            if pin_id is not None:
                yield pin_id, event_position(record)

    def _outcomes(self, records: Sequence[StoredRecord]) -> Iterator[tuple[str, LastOutcome]]:
        for record in records:
            if record.value is None or self._sampled_pin(record.key) is None:
                continue
            try:
                found = PinOutcome.decode(record.value)
            except EventInvalid:
                continue  # of a newer version of the contract, or of another program
            yield (
                found.pin_id,
                LastOutcome(
                    outcome=found.outcome,
                    version=found.version,
                    embedding_version=found.embedding_version,
                    topic=found.topic,
                    partition=found.partition,
                    offset=found.offset,
                    finished_at_ms=found.finished_at_ms,
                ),
            )

    def _sampled_pin(self, key: bytes | None) -> str | None:
        """The pin id that a key is; None if it is none, or if the pin is not in the sample."""
        try:
            pin_id = valid_pin_id((key or b"").decode("utf-8", "replace"))
        except EventInvalid:
            return None
        return pin_id if self._sample.takes(pin_id) else None
