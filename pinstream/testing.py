"""For your own tests: a publisher without Kafka and an index without Milvus, with the same rules and errors.

``VisualIndex.over(MemoryStore())`` is an index in memory.
"""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError

from pinstream.events import PinDeletion, PinEvent, decode_event
from pinstream.kafka.clients import ClientSettings, OnError
from pinstream.kafka.publishing.kafka_producer import KafkaProducer, OnDelivery, OpenProducer
from pinstream.kafka.publishing.outgoing_record import OutgoingRecord
from pinstream.lanes import Lane
from pinstream.publish import Publisher
from pinstream.store.memory import MemoryStore

__all__ = ["MemoryKafka", "MemoryPublisher", "MemoryStore"]


@dataclass(frozen=True, slots=True)
class _DeliveredMessage:
    """A confluent message, as far as delivery callbacks read it."""

    record: OutgoingRecord
    offset_: int

    def topic(self) -> str:
        return self.record.topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self.offset_

    def timestamp(self) -> tuple[int, int]:
        return 1, self.record.timestamp_ms


class MemoryKafka:
    """A Kafka topic with one partition, in memory. A test can make it freeze, fail or be full. Thread-safe."""

    def __init__(self) -> None:
        self.records: list[OutgoingRecord] = []
        """The acknowledged records, in order."""
        self.producers_opened = 0
        self._unanswered: deque[tuple[OutgoingRecord, OnDelivery]] = deque()
        self._changed = threading.Condition(threading.RLock())
        self._held = False
        self._failure: KafkaError | None = None
        self._refusals: deque[Exception] = deque()
        self._purged = False

    @property
    def unanswered(self) -> int:
        """How many records were produced and neither acknowledged nor failed."""
        with self._changed:
            return len(self._unanswered)

    def open(self, on_error: OnError) -> KafkaProducer:
        self.producers_opened += 1
        return self

    def hold(self) -> None:
        """Acknowledge nothing until ``release``, like a frozen broker."""
        with self._changed:
            self._held = True

    def release(self) -> None:
        """Acknowledge again, first what was produced meanwhile."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def fail(self, error: KafkaError | None) -> None:
        """Fail every record with ``error`` from now on; None: acknowledge again."""
        with self._changed:
            self._failure = error

    def refuse(self, exception: Exception, *, times: int = 1) -> None:
        """Make ``produce`` raise the next ``times`` times, like a client whose queue is full or broken."""
        with self._changed:
            self._refusals.extend([exception] * times)

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes,
        *,
        headers: Sequence[tuple[str, bytes]],
        timestamp: int,
        on_delivery: OnDelivery,
    ) -> None:
        """Queue a record; the next ``poll`` reports its delivery."""
        record = OutgoingRecord(
            topic=topic,
            pin_id=key.decode(),
            version=int(dict(headers)["ce_id"].rpartition(b"/")[2]),
            value=value,
            headers=tuple(headers),
            timestamp_ms=timestamp,
        )
        with self._changed:
            if self._refusals:
                raise self._refusals.popleft()
            self._unanswered.append((record, on_delivery))
            self._changed.notify_all()

    def poll(self, timeout: float) -> int:
        """Report the delivery of what is queued, waiting up to ``timeout`` seconds for something."""
        with self._changed:
            self._changed.wait_for(lambda: self._unanswered and (self._purged or not self._held), timeout)
            if self._held and not self._purged:
                return 0
            answered, failure = list(self._unanswered), self._failure
            if self._purged:
                failure = KafkaError(KafkaError._PURGE_QUEUE)
            self._unanswered.clear()
        for record, on_delivery in answered:
            if failure is None:
                self.records.append(record)
            on_delivery(failure, _DeliveredMessage(record, len(self.records) - 1))
        return len(answered)

    def purge(self) -> None:
        """Fail all records in the queue, as `KafkaProducer.purge` does."""
        with self._changed:
            self._purged = True
            self._changed.notify_all()


class MemoryPublisher(Publisher):
    """A Publisher whose events go to the list ``events`` instead of Kafka; ``memory`` can be frozen or made to fail."""

    def __init__(self, *, lane: Lane = "live", topic_prefix: str = "", kafka: ClientSettings | None = None) -> None:
        super().__init__("memory", lane=lane, topic_prefix=topic_prefix, kafka=kafka)
        self.memory = MemoryKafka()

    @property
    def records(self) -> list[OutgoingRecord]:
        """The acknowledged records, as Kafka would hold them."""
        return list(self.memory.records)

    @property
    def events(self) -> list[PinEvent | PinDeletion]:
        """The acknowledged events, as a worker would read them."""
        return [
            decode_event(record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
            for record in self.memory.records
        ]

    def _opener(self) -> OpenProducer:
        return self.memory.open
