"""Reads records from one lane's consumer, as credits allow."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from pinstream.kafka.stored_record import record_fields
from pinstream.lanes import Lane
from streams.errors import KafkaFailed
from streams.worker.consume.credits import Credits
from streams.worker.consume.offset_check import OffsetCheck, OffsetGap
from streams.worker.record import Consumed, ConsumedRecord, OffsetsWentBack, ReachedEnd, RecordsLost

log = logging.getLogger(__name__)

_POLL_S: Final = 0.1
_CREDIT_WAIT_S: Final = 0.05
_BATCH: Final = 64
_CHECK_GAPS_EVERY_S: Final = 1.0
"""A compacted topic may have a gap before every record, and each check asks the broker."""
_WATERMARK_TIMEOUT_S: Final = 1.0


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
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._consumer = consumer
        self._lane = lane
        self._credits = credits
        self._paused_partitions = paused_partitions
        self._submit = submit
        self._monotonic = monotonic
        self._assigned: dict[int, TopicPartition] = {}
        self._paused: frozenset[int] = frozenset()
        self._offsets = OffsetCheck()
        self._gaps: list[OffsetGap] = []
        """Found, and not yet compared with the low watermark."""
        self._check_gaps_at_s = -math.inf

    def assign(self, partitions: Iterable[TopicPartition], *, committed: Mapping[int, int]) -> None:
        """Pause and resume these too from now on, and expect their records from the committed offsets on.

        A partition that has no committed offset may begin anywhere.
        """
        for each in partitions:
            self._assigned[each.partition] = TopicPartition(each.topic, each.partition)
            if each.partition in committed:
                self._offsets.expect(each.partition, committed[each.partition])

    def unassign(self, partitions: Iterable[int]) -> None:
        """Forget these; call it while the consumer still has them.

        librdkafka 2.16 keeps a pause beyond the assignment: assigned again, a paused partition would never be read.
        """
        gone = self._assigned.keys() & set(partitions)
        self._pause_exactly(self._paused - gone)
        for partition in gone:
            del self._assigned[partition]
            self._offsets.forget(partition)
        self._gaps = [gap for gap in self._gaps if gap.partition not in gone]

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
                batch += self._check_offset(consumed)
                batch.append(consumed)
            if len(batch) >= _BATCH or not self._credits.available(self._lane):
                break
            message = self._consumer.poll(0)
        batch += self._check_gaps()
        if batch:
            self._submit(batch)

    def _check_offset(self, consumed: ConsumedRecord | ReachedEnd) -> list[OffsetsWentBack]:
        """Compare its offset with what was expected; a gap is kept for `_check_gaps`."""
        partition, offset = consumed.partition, consumed.offset
        if partition not in self._assigned:
            return []
        expected = self._offsets.went_back(partition, offset)
        if gap := self._offsets.gap_before(partition, offset):
            self._gaps.append(gap)
        self._offsets.expect(partition, offset if isinstance(consumed, ReachedEnd) else offset + 1)
        return [] if expected is None else [OffsetsWentBack(self._lane, partition, expected, offset)]

    def _check_gaps(self) -> list[RecordsLost]:
        """The gaps that Kafka made at the beginning of a log; asks the broker, at most once a second."""
        if not self._gaps or self._monotonic() < self._check_gaps_at_s:
            return []
        self._check_gaps_at_s = self._monotonic() + _CHECK_GAPS_EVERY_S
        try:
            low = {each: self._low_watermark(each) for each in {gap.partition for gap in self._gaps}}
        except KafkaException as exc:
            log.warning("not known yet whether records were lost: %s", exc, extra={"lane": self._lane})
            return []
        removed = [(gap, gap.removed_below(low[gap.partition])) for gap in self._gaps]
        self._gaps = []
        return [RecordsLost(self._lane, gap.partition, gap.start, count) for gap, count in removed if count]

    def _low_watermark(self, partition: int) -> int:
        # Not the cached one: librdkafka 2.16 renews that only where statistics are on.
        found = self._consumer.get_watermark_offsets(self._assigned[partition], timeout=_WATERMARK_TIMEOUT_S)
        if found is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return found[0]

    def _consume(self, message: Message) -> ConsumedRecord | ReachedEnd | None:
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
