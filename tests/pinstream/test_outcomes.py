"""Where the reader of outcomes begins."""

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pinstream.cli.outcomes import places


class Broker:
    """Two partitions, the second without a leader at first; asked for edges, a client says what it was told last."""

    def __init__(self, *, leaderless_answers: int, error: int = KafkaError._UNKNOWN_PARTITION) -> None:
        self._left = leaderless_answers
        self._error = error
        self._told = True

    def list_topics(self, topic: str, timeout: float) -> Any:
        self._told = self._left == 0
        self._left = max(self._left - 1, 0)
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions={0: None, 1: None})})

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> tuple[int, int]:
        if partition.partition == 1 and not self._told:
            raise KafkaException(KafkaError(self._error))
        return 3, 7 + partition.partition


@pytest.mark.parametrize(("from_start", "offsets"), [(True, [3, 3]), (False, [7, 8])])
def test_a_partition_that_gets_its_leader_back_is_waited_for(from_start: bool, offsets: list[int]) -> None:
    found = places(Broker(leaderless_answers=2), "t", from_start=from_start)

    assert [(each.topic, each.partition, each.offset) for each in found] == [("t", 0, offsets[0]), ("t", 1, offsets[1])]


def test_the_wait_for_a_leader_ends() -> None:
    with pytest.raises(KafkaException):
        places(Broker(leaderless_answers=1000), "t", from_start=True, timeout_s=0.1)


def test_what_no_leader_would_change_is_said_at_once() -> None:
    refused = Broker(leaderless_answers=1, error=KafkaError.TOPIC_AUTHORIZATION_FAILED)

    with pytest.raises(KafkaException):
        places(refused, "t", from_start=True)
