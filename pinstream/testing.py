"""Stand-ins for your own tests: a publisher without Kafka, an index without Milvus. Same rules, same errors.

``VisualIndex.over(MemoryStore())`` is a whole index in memory.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError

from pinstream.events import PinDeletion, PinEvent, decode_event
from pinstream.kafka.clients import ClientSettings, OnError
from pinstream.kafka.outgoing_record import OutgoingRecord
from pinstream.kafka.producer import KafkaProducer, OpenProducer
from pinstream.lanes import Lane
from pinstream.publish import Publisher
from pinstream.store.memory import MemoryStore

__all__ = ["MemoryKafka", "MemoryPublisher", "MemoryStore"]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a delivery callback is given, of a confluent message."""

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


OnDelivery = Callable[[KafkaError | None, Any], None]


class MemoryKafka:
    """A topic with one partition in a list; can be held, full or failing. Thread-safe."""

    def __init__(self) -> None:
        self.records: list[OutgoingRecord] = []
        """What has been acknowledged, in order."""
        self.producers_opened = 0
        self._unanswered: deque[tuple[OutgoingRecord, OnDelivery]] = deque()
        self._changed = threading.Condition(threading.RLock())
        self._held = False
        self._failure: KafkaError | None = None
        self._refusals: deque[Exception] = deque()
        self._purged = False

    @property
    def unanswered(self) -> int:
        """How many records wait for their answer."""
        with self._changed:
            return len(self._unanswered)

    def open(self, on_error: OnError) -> KafkaProducer:
        """A producer onto this topic."""
        self.producers_opened += 1
        return self

    def hold(self) -> None:
        """Answer nothing until ``release``, as a frozen broker does."""
        with self._changed:
            self._held = True

    def release(self) -> None:
        """Answer again, what came meanwhile first."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def fail(self, error: KafkaError | None) -> None:
        """Answer every event with ``error`` from now on; None: acknowledge again."""
        with self._changed:
            self._failure = error

    def refuse(self, exception: Exception, *, times: int = 1) -> None:
        """Let ``produce`` itself raise, as a full or broken client does, the next so many times."""
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
        """Take a record; it is answered in the next ``poll``."""
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
        """Answer what is there, waiting up to ``timeout`` seconds for something."""
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
            on_delivery(failure, _Answer(record, len(self.records) - 1))
        return len(answered)

    def purge(self) -> None:
        """Give up on what is unanswered."""
        with self._changed:
            self._purged = True
            self._changed.notify_all()


class MemoryPublisher(Publisher):
    """A Publisher whose events end in ``events`` instead of Kafka; ``memory`` can be held or made to fail."""

    def __init__(self, *, lane: Lane = "live", topic_prefix: str = "", kafka: ClientSettings | None = None) -> None:
        super().__init__("memory", lane=lane, topic_prefix=topic_prefix, kafka=kafka)
        self.memory = MemoryKafka()

    @property
    def records(self) -> list[OutgoingRecord]:
        """What was acknowledged, as Kafka would hold it."""
        return list(self.memory.records)

    @property
    def events(self) -> list[PinEvent | PinDeletion]:
        """What a worker would read."""
        return [
            decode_event(record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
            for record in self.memory.records
        ]

    def _opener(self) -> OpenProducer:
        return self.memory.open
