"""Which offsets a topic holds just now: where every reader of a whole topic begins and ends."""

import time
from dataclasses import dataclass
from typing import Any, Final, Protocol

from confluent_kafka import KafkaError, KafkaException, TopicPartition

TIMEOUT_S: Final = 10.0
_AGAIN_S: Final = 0.2
_LEADERLESS: Final = frozenset(
    {KafkaError._UNKNOWN_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION}
)


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Offsets of one partition, from ``begin`` up to ``end``, which is not one of them."""

    partition: int
    begin: int
    end: int

    @property
    def offsets(self) -> int:
        """How many there are; a compacted topic holds fewer records."""
        return max(self.end - self.begin, 0)


class WatermarkClient(Protocol):
    """What is asked of ``confluent_kafka.Consumer`` before anything is read."""

    def list_topics(self, topic: str, timeout: float) -> Any:
        """The topic as its brokers describe it now."""

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> Any:
        """The oldest offset and the end."""


def offset_ranges(consumer: WatermarkClient, topic: str, *, timeout_s: float = TIMEOUT_S) -> list[OffsetRange]:
    """What every partition holds, in order; waits for one that has no leader just now, else raises KafkaException.

    librdkafka 2.16 keeps what it was told of a partition without leader, and answers "unknown partition" until the
    topic is described to it again: so that is asked for before each try.
    """
    deadline_s = time.monotonic() + timeout_s
    while True:
        partitions = consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions
        try:
            return [_span(consumer, topic, partition) for partition in sorted(partitions)]
        except KafkaException as exc:
            if exc.args[0].code() not in _LEADERLESS or time.monotonic() > deadline_s:
                raise
        time.sleep(_AGAIN_S)


def _span(consumer: WatermarkClient, topic: str, partition: int) -> OffsetRange:
    oldest, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=TIMEOUT_S)
    return OffsetRange(partition, oldest, end)
