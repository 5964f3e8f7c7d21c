"""Reads records from one lane's consumer, as credits allow."""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from pinstream.kafka.stored_record import record_fields
from pinstream.lanes import Lane
from streams.errors import KafkaFailed
from streams.worker.consume.credits import Credits
from streams.worker.record import Consumed, ConsumedRecord, ReachedEnd

log = logging.getLogger(__name__)

_POLL_S: Final = 0.1
_CREDIT_WAIT_S: Final = 0.05
_BATCH: Final = 64


class LaneReader:
    """Takes records of one lane while there are credits; without them its partitions pause and polling goes on.

    Belongs to the lane's thread.
    """

    def __init__(
        self,
        consumer: Consumer,
        lane: Lane,
        *,
        credits: Credits,
        paused_partitions: Callable[[], frozenset[int]],
        submit: Callable[[Sequence[Consumed]], None],
    ) -> None:
        self._consumer = consumer
        self._lane = lane
        self._credits = credits
        self._paused_partitions = paused_partitions
        self._submit = submit
        self._assigned: dict[int, TopicPartition] = {}
        self._paused: frozenset[int] = frozenset()

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Pause and resume these too from now on."""
        for each in partitions:
            self._assigned[each.partition] = TopicPartition(each.topic, each.partition)

    def unassign(self, partitions: Iterable[int]) -> None:
        """Forget these; call it while the consumer still has them.

        librdkafka 2.16 keeps a pause beyond the assignment: assigned again, a paused partition would never be read.
        """
        gone = self._assigned.keys() & set(partitions)
        self._pause_exactly(self._paused - gone)
        for partition in gone:
            del self._assigned[partition]

    @property
    def partitions(self) -> Sequence[TopicPartition]:
        return tuple(self._assigned.values())

    def poll(self) -> None:
        """Wait for a credit, then for a record, and submit what is there; at most some 0.15 s.

        Without credits it polls too: a consumer that does not poll is removed from its group, and the callbacks of a
        rebalance run only inside a poll. `Consumer.poll` returns with the first record, so a single record is never
        delayed; `consume(n, t)` would wait for n records or for t.
        """
        has_credit = self._credits.wait(self._lane, _CREDIT_WAIT_S)
        waiting = self._paused_partitions() & self._assigned.keys()
        self._pause_exactly(waiting if has_credit else frozenset(self._assigned))
        batch: list[Consumed] = []
        message = self._consumer.poll(_POLL_S if has_credit else 0)
        while message is not None:
            consumed = self._consume(message)
            if consumed is not None:
                batch.append(consumed)
            if len(batch) >= _BATCH or not self._credits.available(self._lane):
                break
            message = self._consumer.poll(0)
        if batch:
            self._submit(batch)

    def _consume(self, message: Message) -> Consumed | None:
        error = message.error()
        if error is not None:
            return self._handle_error(message, error)
        record = record_of(message, self._lane)
        # Even if no credit is free: a polled record cannot be put back. So the limit is exceeded by one at most.
        self._credits.take(self._lane, record.size_bytes)
        return record

    def _handle_error(self, message: Message, error: KafkaError) -> ReachedEnd | None:
        if error.code() == KafkaError._PARTITION_EOF:
            return ReachedEnd(self._lane, message.partition() or 0, message.offset() or 0)
        if error.fatal():
            raise KafkaFailed(f"{self._lane} lane: {error.str()}")
        log.warning("Kafka reports: %s", error.str(), extra={"lane": self._lane})
        return None

    def _pause_exactly(self, wanted: frozenset[int]) -> None:
        if wanted == self._paused:
            return
        if resumed := [self._assigned[each] for each in self._paused - wanted]:
            self._consumer.resume(resumed)
        if paused := [self._assigned[each] for each in wanted - self._paused]:
            self._consumer.pause(paused)
        self._paused = wanted


def record_of(message: Message, lane: Lane) -> ConsumedRecord:
    """The message, byte by byte as Kafka holds it."""
    return ConsumedRecord(lane=lane, **record_fields(message))
