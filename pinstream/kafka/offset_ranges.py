"""Which offsets a topic holds now: where every reader of a whole topic begins and ends."""

import time
from dataclasses import dataclass
from typing import Any, Final, Protocol

from confluent_kafka import KafkaError, KafkaException, TopicPartition

TIMEOUT_S: Final = 10.0
_RETRY_S: Final = 0.2
_NO_LEADER: Final = frozenset(
    {KafkaError._UNKNOWN_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION}
)


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Offsets of one partition, from ``begin`` up to, and without, ``end``."""

    partition: int
    begin: int
    end: int

    @property
    def size(self) -> int:
        """How many offsets; in a compacted topic some of them have no record."""
        return max(self.end - self.begin, 0)


class WatermarkClient(Protocol):
    """What is used of ``confluent_kafka.Consumer`` before a topic is read."""

    def list_topics(self, topic: str, timeout: float) -> Any:
        """The topic as its brokers describe it now."""

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> Any:
        """The oldest offset and the end."""


def offset_ranges(consumer: WatermarkClient, topic: str, *, timeout_s: float = TIMEOUT_S) -> list[OffsetRange]:
    """What every partition holds, in order. Waits while a partition has no leader; then raises KafkaException."""
    deadline_s = time.monotonic() + timeout_s
    while True:
        # Before each try: librdkafka 2.16 remembers that a partition had no leader, and answers "unknown partition"
        # until the topic is described to it again.
        partitions = consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions
        try:
            return [_offset_range(consumer, topic, partition) for partition in sorted(partitions)]
        except KafkaException as exc:
            if exc.args[0].code() not in _NO_LEADER or time.monotonic() > deadline_s:
                raise
        time.sleep(_RETRY_S)


def _offset_range(consumer: WatermarkClient, topic: str, partition: int) -> OffsetRange:
    oldest, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=TIMEOUT_S)
    return OffsetRange(partition, oldest, end)
