"""What only the real client shows of reading a lane: it keeps a pause beyond the assignment."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, TopicPartition

from streams.worker.consume.credits import Credits
from streams.worker.consume.lane_client import CONSUMER_DEFAULTS
from streams.worker.consume.lane_reader import LaneReader
from streams.worker.record import Consumed, ConsumedRecord
from tests.integration.running_worker import Site, eventually

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


class Member:
    """One lane reader in a group, whose partitions wait for a service or do not."""

    def __init__(self, site: Site, topic: str) -> None:
        self.waits = False
        self.read: list[int] = []
        self._consumer = Consumer(
            {
                **CONSUMER_DEFAULTS,
                "bootstrap.servers": site.endpoints.kafka,
                "group.id": f"{site.prefix}g",
                "heartbeat.interval.ms": 300,
                "log_level": 2,
            }
        )
        self._reader = LaneReader(
            self._consumer, "live", credits=Credits(max_records=100, max_bytes=10**6),
            paused_partitions=lambda: self.partitions if self.waits else frozenset(), submit=self._submit,
        )  # fmt: skip
        self._consumer.subscribe([topic], on_assign=self._on_assign, on_revoke=self._on_revoke)

    @property
    def partitions(self) -> frozenset[int]:
        return frozenset(each.partition for each in self._reader.partitions)

    def poll(self) -> None:
        self._reader.poll()

    def close(self) -> None:
        self._consumer.close()

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._reader.assign(partitions, committed={})

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._reader.unassign([each.partition for each in partitions])

    def _submit(self, batch: Sequence[Consumed]) -> None:
        self.read += [each.partition for each in batch if isinstance(each, ConsumedRecord)]


def test_a_partition_revoked_while_paused_is_read_when_it_comes_again(stack: "LocalStack") -> None:
    site = Site(stack.endpoints, partitions=2)
    topic = f"{site.prefix}pins.events"
    with closing(Member(site, topic)) as first:
        eventually(lambda: held(first) == [2], what="both partitions granted")
        first.waits = True
        first.poll()
        with closing(Member(site, topic)) as second:
            eventually(lambda: held(first, second) == [1, 1], what="one revoked while it was paused")
        eventually(lambda: held(first) == [2], what="both partitions granted again")
        first.waits = False
        for partition in (0, 1):
            site.put("a", b"{}", partition=partition)
        site.flush()

        eventually(lambda: bool(held(first)) and sorted(first.read) == [0, 1], deadline_s=10, what="both read")


def held(*members: Member) -> list[int]:
    """How many partitions each has, after one more round."""
    for member in members:
        member.poll()
    return [len(member.partitions) for member in members]
