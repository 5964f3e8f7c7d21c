"""One lane: its consumer, and the thread that alone may use it."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pinstream.lanes import Lane
from streams.worker.consume.lane_reader import LaneReader
from streams.worker.consume.owner_calls import OwnerCalls
from streams.worker.record import Offsets

log = logging.getLogger(__name__)

_NOTE_ENDS_EVERY_S: Final = 1.0
_COMMITTED_TIMEOUT_S: Final = 5.0


class LaneConsumer:
    """Polls one lane until it is stopped; other threads have their calls made by its own thread.

    confluent-kafka 2.16 makes a call from any other thread wait until the current poll ends, and the next poll may
    start before it. A commit called from the event loop would block the whole loop for that time.
    """

    def __init__(self, lane: Lane, topic: str, consumer: Consumer, *, reader: LaneReader, owner: OwnerCalls) -> None:
        self.lane = lane
        self.consumer = consumer
        self.reader = reader
        self._topic = topic
        self._owner = owner
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._ends: dict[int, int] = {}
        self._note_ends_at_s = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=lane, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Ask the thread to end after its current poll, and wait for it; whether it did. Blocks."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def call_in_thread(self, call: Callable[[], None]) -> None:
        """Have ``call`` made by the lane's thread before its next poll; any thread may ask for it, none waits."""
        self._calls.put(call)

    def end_offset(self, partition: int) -> int | None:
        """The offset after the last record published, as a recent fetch said; None before that. From any thread."""
        return self._ends.get(partition)

    def _run(self) -> None:
        """The loop: the calls that other threads asked for, then a poll, in which Kafka's callbacks run."""
        try:
            while not self._stopping.is_set():
                self.run_calls()
                self.reader.poll()
                self._note_ends()
        except Exception as exc:  # noqa: BLE001 (the outermost loop of this thread)
            self._owner.fail(exc)
        try:
            self.run_calls()
            self.consumer.close()  # revokes what it holds: drains, commits
        except Exception as exc:  # noqa: BLE001 (the outermost loop of this thread)
            self._owner.fail(exc)

    # In the lane's thread only.

    def run_calls(self) -> None:
        """Make the calls that are asked for."""
        while not self._calls.empty():
            self._calls.get()()

    def assign(self, numbers: Sequence[int]) -> None:
        """Have these read, and compare where their records begin with what was committed."""
        partitions = self.partitions(numbers)
        self.reader.assign(partitions, committed=self._committed(partitions))

    def _committed(self, partitions: Sequence[TopicPartition]) -> dict[int, int]:
        """By partition, where there is one: the offset that the group committed."""
        try:
            found = self.consumer.committed(list(partitions), timeout=_COMMITTED_TIMEOUT_S)
        except KafkaException as exc:
            log.warning("not known whether records were lost before this start: %s", exc, extra={"lane": self.lane})
            return {}
        return {each.partition: each.offset for each in found if each.error is None and each.offset >= 0}

    def send_commit(self, offsets: Offsets) -> None:
        """Commit without waiting; the owner gets the end of it."""
        try:
            self.consumer.commit(offsets=self._positions(offsets), asynchronous=True)
        except KafkaException as exc:
            log.warning("commit failed: %s", exc, extra={"lane": self.lane})
            self._owner.call(lambda owner: owner.on_commit(self.lane, offsets, failed=True))

    def commit_now(self, offsets: Offsets) -> None:
        """Commit, and wait for it: the partitions go to another worker next."""
        if not offsets:
            return
        try:
            self.consumer.commit(offsets=self._positions(offsets), asynchronous=False)
        except KafkaException as exc:
            log.warning("commit refused, so these pins are read again: %s", exc, extra={"lane": self.lane})

    def partitions(self, numbers: Sequence[int]) -> list[TopicPartition]:
        """These partitions of the lane's topic."""
        return [TopicPartition(self._topic, number) for number in numbers]

    def _positions(self, offsets: Offsets) -> list[TopicPartition]:
        return [TopicPartition(self._topic, partition, offset) for partition, offset in offsets.items()]

    def _note_ends(self) -> None:
        """Once a second, for the gauges; ``cached`` asks no broker."""
        if time.monotonic() < self._note_ends_at_s:
            return
        self._note_ends_at_s = time.monotonic() + _NOTE_ENDS_EVERY_S
        for each in self.reader.partitions:
            try:
                found = self.consumer.get_watermark_offsets(each, cached=True)
            except (KafkaException, RuntimeError):
                continue
            if found is not None and found[1] >= 0:
                self._ends[each.partition] = found[1]


def report_commit(
    owner: OwnerCalls, lane: Lane, error: KafkaError | None, partitions: Sequence[TopicPartition]
) -> None:
    """Report to the owner how a commit ended."""
    offsets = {each.partition: each.offset for each in partitions}
    failed = error is not None or any(each.error is not None for each in partitions)
    if failed:
        log.warning("commit failed: %s", error, extra={"lane": lane})
    owner.call(lambda owner: owner.on_commit(lane, offsets, failed=failed))
