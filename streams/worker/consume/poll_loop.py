"""Reading one lane from Kafka: a thread that polls, whatever the rest of the worker does.

`Consumer.consume(n, t)` waits for n messages or for t; `poll` returns with the first, so a lone pin never waits.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from pinstream.kafka.stored_record import fields_of
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

    Belongs to one thread, except where a method says otherwise.
    """

    def __init__(
        self,
        consumer: Consumer,
        lane: Lane,
        *,
        credits: Credits,
        waiting_partitions: Callable[[], frozenset[int]],
        deliver: Callable[[Sequence[Consumed]], None],
    ) -> None:
        self._consumer = consumer
        self._lane = lane
        self._credits = credits
        self._waiting_partitions = waiting_partitions
        self._deliver = deliver
        self._assigned: dict[int, TopicPartition] = {}
        self._paused: frozenset[int] = frozenset()

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """These are read from now on."""
        for each in partitions:
            self._assigned[each.partition] = TopicPartition(each.topic, each.partition)

    def unassigned(self, partitions: Iterable[int]) -> None:
        """These are read no more; to be called while the consumer still has them.

        librdkafka 2.16 keeps a pause beyond the assignment: granted again, such a partition would never be read.
        """
        gone = self._assigned.keys() & set(partitions)
        self._pause(self._paused - gone)
        for partition in gone:
            del self._assigned[partition]

    @property
    def partitions(self) -> Sequence[TopicPartition]:
        """What is read now."""
        return tuple(self._assigned.values())

    def pull(self) -> None:
        """One round: wait for a credit, then for a record, and deliver what is there. Serves Kafka's callbacks."""
        free = self._credits.wait(self._lane, _CREDIT_WAIT_S)
        self._pause(self._waiting_partitions() & self._assigned.keys() if free else frozenset(self._assigned))
        batch: list[Consumed] = []
        message = self._consumer.poll(_POLL_S if free else 0)
        while message is not None:
            taken = self._taken(message)
            if taken is not None:
                batch.append(taken)
            if len(batch) >= _BATCH or not self._credits.available(self._lane):
                break
            message = self._consumer.poll(0)
        if batch:
            self._deliver(batch)

    def _taken(self, message: Message) -> Consumed | None:
        error = message.error()
        if error is not None:
            return self._noticed(message, error)
        record = record_of(message, self._lane)
        self._credits.take(self._lane, record.size_bytes)
        return record

    def _noticed(self, message: Message, error: KafkaError) -> ReachedEnd | None:
        if error.code() == KafkaError._PARTITION_EOF:
            return ReachedEnd(self._lane, message.partition() or 0, message.offset() or 0)
        if error.fatal():
            raise KafkaFailed(f"{self._lane} lane: {error.str()}")
        log.warning("Kafka reports: %s", error.str(), extra={"lane": self._lane})
        return None

    def _pause(self, wanted: frozenset[int]) -> None:
        """Pause exactly these."""
        if wanted == self._paused:
            return
        if resumed := [self._assigned[each] for each in self._paused - wanted]:
            self._consumer.resume(resumed)
        if paused := [self._assigned[each] for each in wanted - self._paused]:
            self._consumer.pause(paused)
        self._paused = wanted


class PollThread(threading.Thread):
    """Repeats ``round`` until asked to stop, then ``finish``; hands what it raises to ``fail``."""

    def __init__(
        self, name: str, *, round: Callable[[], None], finish: Callable[[], None], fail: Callable[[BaseException], None]
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._round = round
        self._finish = finish
        self._fail = fail
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ask it to end after this round; from any thread."""
        self._stopping.set()

    def run(self) -> None:
        """The thread's life."""
        try:
            while not self._stopping.is_set():
                self._round()
        except Exception as exc:  # noqa: BLE001 (the outermost loop of this thread)
            self._fail(exc)
        try:
            self._finish()
        except Exception as exc:  # noqa: BLE001 (the outermost loop of this thread)
            self._fail(exc)


def record_of(message: Message, lane: Lane) -> ConsumedRecord:
    """The message, byte by byte as Kafka holds it."""
    return ConsumedRecord(lane=lane, **fields_of(message))
