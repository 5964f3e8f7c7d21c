"""The topics' side of an audit: what was published of each pin, and what became of it."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from index.audit.findings import NOWHERE, LastEvent, LastOutcome
from index.audit.ledger import AuditLedger
from index.audit.sample import Sample
from pinstream.cli.screen import AdvanceBar, StartBar
from pinstream.errors import EventInvalid
from pinstream.events import (
    INDEXED_TOPIC,
    PinDeletion,
    PinOutcome,
    checked_pin_id,
    decode_event,
)
from pinstream.kafka.connection import Connection
from pinstream.kafka.consumer_group import ConsumerGroup, lane_group
from pinstream.kafka.offset_ranges import OffsetRange
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader
from pinstream.lanes import LANE_TOPICS

_AT_ONCE: Final = 1_000


class TopicScan:
    """Reads the lanes and ``pins.indexed`` into a ledger, in pieces that are kept whole. Calls block."""

    def __init__(self, to: Connection, ledger: AuditLedger, sample: Sample) -> None:
        self._to = to
        self._ledger = ledger
        self._sample = sample
        self.lanes = tuple(to.topic_prefix + lane for lane in LANE_TOPICS.values())
        self.indexed = to.topic_prefix + INDEXED_TOPIC

    def listen(self, steps: StartBar, *, again: bool = False) -> None:
        """Read everything up to the ends of now; ``again``, what has come since. Goes on where it was cut off."""
        for topic in (*self.lanes, self.indexed):
            with TopicReader(self._to, topic) as reader:
                spans = self._ledger.spans_left(topic, reader.offset_ranges)
                if again:
                    spans = self._ledger.extend(topic, reader.offset_ranges())
                step = steps(f"{topic}, since" if again else topic, sum(span.offsets for span in spans))
                self._read(reader, spans, step)

    def heard_to(self, topic: str) -> dict[int, int]:
        """By partition, the offset up to which the topic is known."""
        return {span.partition: span.begin for span in self._ledger.spans_left(topic, list)}

    def committed(self, group: str) -> dict[tuple[int, int], int]:
        """How far the workers are: the next offset by lane and partition; nothing where they have committed nothing."""
        settings, counts = self._to.client_settings(), self._to.admin().partitions()
        found: dict[tuple[int, int], int] = {}
        for index, (lane, topic) in enumerate(zip(LANE_TOPICS, self.lanes, strict=True)):
            workers = ConsumerGroup(settings, lane_group(group, lane))
            partitions = [(topic, number) for number in range(counts.get(topic, 0))]
            found |= {(index, number): offset for (_, number), offset in workers.committed(partitions).items()}
        return found

    def _read(self, reader: TopicReader, spans: Sequence[OffsetRange], step: AdvanceBar) -> None:
        records = reader.read(spans, advance=step)
        while chunk := list(islice(records, _AT_ONCE)):
            with self._ledger.saving():
                if reader.topic == self.indexed:
                    self._ledger.learn(self._outcomes(chunk))
                else:
                    self._ledger.hear(self._words(chunk, self.lanes.index(reader.topic)))
                self._ledger.reached(reader.topic, {each.partition: each.offset + 1 for each in chunk})
        with self._ledger.saving():
            self._ledger.reached(reader.topic, {span.partition: span.end for span in spans})

    def _words(self, records: Sequence[StoredRecord], lane: int) -> Iterator[tuple[str, LastEvent]]:
        for record in records:
            pin_id = self._pin(record.key)
            if pin_id is None:
                continue
            version, deleted = 0, False
            try:
                event = decode_event(record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
                version, deleted = event.version, isinstance(event, PinDeletion)
            except EventInvalid:
                pass  # a dead letter: the pin is known, and what the index should hold of it is not
            yield (
                pin_id,
                LastEvent(
                    version=version,
                    deleted=deleted,
                    lane=lane,
                    partition=record.partition,
                    offset=record.offset,
                    at_ms=record.timestamp_ms,
                ),
            )

    def _outcomes(self, records: Sequence[StoredRecord]) -> Iterator[tuple[str, LastOutcome]]:
        for record in records:
            if record.value is None or self._pin(record.key) is None:
                continue
            try:
                found = PinOutcome.decode(record.value)
            except EventInvalid:
                continue  # a newer contract's, or somebody else's
            lane = self.lanes.index(found.topic) if found.topic in self.lanes else NOWHERE
            yield (
                found.pin_id,
                LastOutcome(
                    result=found.outcome,
                    version=found.version or 0,
                    embedding_version=found.embedding_version,
                    lane=lane,
                    partition=found.partition,
                    offset=found.offset,
                ),
            )

    def _pin(self, key: bytes | None) -> str | None:
        """The pin that a key names; None for keys that name none, and for pins outside the sample."""
        try:
            pin_id = checked_pin_id((key or b"").decode("utf-8", "replace"))
        except EventInvalid:
            return None
        return pin_id if self._sample.takes(pin_id) else None
