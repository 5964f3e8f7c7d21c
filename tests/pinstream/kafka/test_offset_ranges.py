"""Which offsets a topic holds."""

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pinstream.kafka.offset_ranges import OffsetRange, offset_ranges


class Broker:
    """Two partitions, the second without a leader at first; the client answers as it was last described."""

    def __init__(self, *, leaderless_answers: int, error: int = KafkaError._UNKNOWN_PARTITION) -> None:
        self._left = leaderless_answers
        self._error = error
        self._described = True

    def list_topics(self, topic: str, timeout: float) -> Any:
        self._described = self._left == 0
        self._left = max(self._left - 1, 0)
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions={0: None, 1: None})})

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> tuple[int, int]:
        if partition.partition == 1 and not self._described:
            raise KafkaException(KafkaError(self._error))
        return 3, 7 + partition.partition


def test_a_partition_that_gets_its_leader_back_is_waited_for() -> None:
    found = offset_ranges(Broker(leaderless_answers=2), "t")

    assert found == [OffsetRange(0, 3, 7), OffsetRange(1, 3, 8)]


def test_the_wait_for_a_leader_ends() -> None:
    with pytest.raises(KafkaException):
        offset_ranges(Broker(leaderless_answers=1000), "t", timeout_s=0.1)


def test_an_error_that_no_leader_would_change_is_raised_at_once() -> None:
    refused = Broker(leaderless_answers=1, error=KafkaError.TOPIC_AUTHORIZATION_FAILED)

    with pytest.raises(KafkaException):
        offset_ranges(refused, "t")
