"""Both lanes of a worker: the live topic decides which partitions it holds, the backfill topic follows.

Cooperative assignment does not put equal partition numbers of two topics into one worker, so only the live topic is
subscribed to; the same partitions of the backfill topic are assigned by hand, and committed to a group of their own.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Final

from confluent_kafka import OFFSET_STORED, Consumer, KafkaError, TopicPartition

from pinstream.lanes import Lane
from settings.kafka import KafkaSettings
from streams.worker.consume.credits import Credits
from streams.worker.consume.lane_client import open_lane_consumer
from streams.worker.consume.lane_consumer import LaneConsumer, report_commit
from streams.worker.consume.lane_reader import LaneReader
from streams.worker.consume.owner_calls import OwnerCalls
from streams.worker.protocols import PartitionOwner
from streams.worker.record import Offsets

log = logging.getLogger(__name__)

_SLACK_S: Final = 5.0
"""How much longer than the drain a poll thread waits for the event loop, or for the other lane's thread."""
_LEAVE_S: Final = 15.0
"""The time after the drain for the last commits and for leaving the group."""


class LaneConsumers:
    """The `OffsetCommitter`: two consumers, two threads. Made and used in the event loop."""

    def __init__(
        self,
        settings: KafkaSettings,
        owner: PartitionOwner,
        *,
        drain_s: float,
        credits: Credits,
        paused_partitions: Callable[[], frozenset[int]],
        on_error: Callable[[KafkaError], None],
    ) -> None:
        self._settings = settings
        self._drain_s = drain_s
        self._owner = OwnerCalls(owner)

        def open_lane(lane: Lane, topic: str) -> LaneConsumer:
            on_commit = partial(report_commit, self._owner, lane)
            consumer = open_lane_consumer(settings, lane, on_error=on_error, on_commit=on_commit)
            reader = LaneReader(
                consumer,
                lane,
                credits=credits,
                paused_partitions=paused_partitions,
                submit=lambda batch: self._owner.call(lambda owner: owner.submit(batch)),
            )
            return LaneConsumer(lane, topic, consumer, reader=reader, owner=self._owner)

        self._live = open_lane("live", settings.live_topic)
        self._backfill = open_lane("backfill", settings.backfill_topic)

    def start(self) -> None:
        """Join the group; partitions arrive by `PartitionOwner.on_assigned`."""
        self._live.consumer.subscribe(
            [self._settings.live_topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )
        self._live.start()
        self._backfill.start()

    async def close(self) -> None:
        """Give all partitions back (`PartitionOwner.on_revoked` first; commits what it returns) and leave the group."""
        for each in (self._live, self._backfill):  # in this order: the live one's revocation needs the other's thread
            if not await asyncio.to_thread(each.stop, self._drain_s + _LEAVE_S):
                log.warning("Kafka does not answer; leaving without a commit", extra={"lane": each.lane})

    def commit(self, lane: Lane, offsets: Offsets) -> None:
        each = self._lane(lane)
        each.call_in_thread(lambda: each.send_commit(offsets))

    def end_offset(self, lane: Lane, partition: int) -> int | None:
        return self._lane(lane).end_offset(partition)

    def _lane(self, lane: Lane) -> LaneConsumer:
        return self._live if lane == "live" else self._backfill

    # Kafka's callbacks, in the live lane's thread, while it polls or closes.

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        numbers = [each.partition for each in partitions]
        # The owner first: its leases must be there before the first records, which both threads submit after this.
        self._owner.call(lambda owner: owner.on_assigned(numbers))
        self._live.assign(numbers)  # the client itself assigns them when this callback returns
        self._backfill.call_in_thread(lambda: self._assign_backfill(numbers))

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        numbers = [each.partition for each in partitions]
        if not numbers:
            return
        # The group waits while this blocks; the other members' partitions are not affected (cooperative).
        offsets = self._owner.revoke(numbers, timeout_s=self._drain_s + _SLACK_S)
        # Send the commits that were queued before the drain now: sent after the last one below, they would move the
        # committed offsets back.
        self._live.run_calls()
        self._live.reader.unassign(numbers)
        self._live.commit_now(offsets["live"])
        self._unassign_backfill(numbers, offsets["backfill"])

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        numbers = [each.partition for each in partitions]
        # Not drained and not committed: another worker has them already.
        log.warning("partitions lost", extra={"partitions": numbers})
        self._live.reader.unassign(numbers)
        self._owner.call(lambda owner: owner.on_lost(numbers))
        self._unassign_backfill(numbers, {})

    def _assign_backfill(self, numbers: Sequence[int]) -> None:
        """Assign the backfill's partitions; in its thread."""
        added = [TopicPartition(self._settings.backfill_topic, each, OFFSET_STORED) for each in numbers]
        self._backfill.assign(numbers)
        self._backfill.consumer.incremental_assign(added)

    def _unassign_backfill(self, numbers: Sequence[int], offsets: Offsets) -> None:
        """Have the backfill's thread commit and unassign these, and wait: the live ones move to another worker next."""
        done: Future[None] = Future()

        def commit_and_unassign() -> None:
            self._backfill.commit_now(offsets)
            self._backfill.reader.unassign(numbers)
            self._backfill.consumer.incremental_unassign(self._backfill.partitions(numbers))
            done.set_result(None)

        self._backfill.call_in_thread(commit_and_unassign)
        try:
            done.result(_SLACK_S)
        except TimeoutError:
            log.warning("the backfill lane did not give up its partitions in time", extra={"partitions": list(numbers)})
