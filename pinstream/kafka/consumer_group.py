"""A consumer group's committed offsets, read or set without joining it; and the names of this project's groups."""

import time
from collections.abc import Callable, Collection
from typing import Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pinstream.kafka.admin import PartitionId
from pinstream.kafka.clients import ClientSettings, open_consumer
from pinstream.kafka.errors import KafkaUnreachable
from pinstream.lanes import Lane

TIMEOUT_S: Final = 10.0
_RETRY_S: Final = 0.2
_COORDINATOR_STARTS: Final = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)
"""On a broker that just started, the group's coordinator comes a moment later than the rest."""

T = TypeVar("T")


def lane_group(group: str, lane: Lane) -> str:
    """The consumer group of a lane: each lane has its own, derived from the workers' ``group``."""
    return group if lane == "live" else f"{group}.backfill"


def watch_group(group: str, topic_prefix: str) -> str:
    """The watch's consumer group. Its table's topic is named after it, so it must begin with the topic prefix."""
    return f"{group if group.startswith(topic_prefix) else topic_prefix + group}-watch"


class ConsumerGroup:
    """One group's offsets; every call blocks, and raises KafkaUnreachable.

    ``coordinator_s`` is how long to wait for the coordinator of a broker that just started.
    """

    def __init__(self, settings: ClientSettings, name: str, *, coordinator_s: float = 0.0) -> None:
        self.name = name
        self._settings = settings
        self._coordinator_s = coordinator_s

    def committed(self, partitions: Collection[PartitionId]) -> dict[PartitionId, int]:
        """The next offset that the group reads in each partition, without partitions that have no commit."""
        asked = [TopicPartition(topic, number) for topic, number in partitions]
        # Not the AdminClient's list_consumer_group_offsets: while a broker's coordinator loads, its answer to that
        # ends the process (librdkafka 2.16, segmentation fault).
        found = self._call(lambda consumer: consumer.committed(asked, timeout=TIMEOUT_S))
        return {(each.topic, each.partition): each.offset for each in found if each.offset >= 0}

    def commit_since(self, ends: dict[PartitionId, int], *, since_ms: int) -> None:
        """Commit each partition's first offset written since ``since_ms``; if there is none, its end in ``ends``."""
        asked = [TopicPartition(topic, number, since_ms) for topic, number in ends]

        def commit(consumer: Consumer) -> None:
            begins = consumer.offsets_for_times(asked, timeout=TIMEOUT_S)
            for each in begins:
                if each.offset < 0:
                    each.offset = ends[each.topic, each.partition]
            consumer.commit(offsets=begins, asynchronous=False)

        self._call(commit)

    def _call(self, ask: Callable[[Consumer], T]) -> T:
        deadline_s = time.monotonic() + self._coordinator_s
        while True:
            consumer = open_consumer(self._settings, group=self.name)
            try:
                return ask(consumer)
            except KafkaException as exc:
                if exc.args[0].code() not in _COORDINATOR_STARTS or time.monotonic() > deadline_s:
                    address = self._settings["bootstrap.servers"]
                    raise KafkaUnreachable(f"offsets of group {self.name} at {address}: {exc.args[0].str()}") from exc
            finally:
                consumer.close()
            time.sleep(_RETRY_S)
