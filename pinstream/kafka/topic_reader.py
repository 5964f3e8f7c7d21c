"""One pass over a topic, up to the ends that it had at the beginning, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, Self

from confluent_kafka import OFFSET_END, KafkaError, Message, TopicPartition

from pinstream.kafka.client_errors import raise_unreachable
from pinstream.kafka.clients import open_reader
from pinstream.kafka.connection import Connection
from pinstream.kafka.errors import KafkaUnreachable, TopicMissing
from pinstream.kafka.offset_ranges import TIMEOUT_S, OffsetRange, offset_ranges
from pinstream.kafka.stored_record import StoredRecord, stored_record

_STALLED_S: Final = 30.0
_BATCH: Final = 500


def _ignore(_offsets: int) -> None:
    pass


class TopicReader:
    """Reads one topic, in no group and without a commit; ``with`` closes it.

    Raises KafkaUnreachable where no broker answers, or no record comes for half a minute; TopicMissing.
    """

    def __init__(self, connection: Connection, topic: str) -> None:
        self.topic = topic
        self._address = connection.address
        self._last_error = ""
        if topic not in connection.topics():
            raise TopicMissing(topic, connection.address)
        self._consumer = open_reader(
            connection.client_settings(),
            name="pinstream-topic-reader",
            preferred={"queued.max.messages.kbytes": 16 * 1024},
            fixed={"enable.partition.eof": True, "auto.offset.reset": "earliest"},
            on_error=self._note_error,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def offset_ranges(self, *, since_ms: int | None = None) -> list[OffsetRange]:
        """What every partition holds now; with ``since_ms``, only from the first record of that time on."""
        with raise_unreachable(self.topic, self._address):
            available = offset_ranges(self._consumer, self.topic)
            return available if since_ms is None else self._since(since_ms, available)

    def read(
        self, offset_ranges: Sequence[OffsetRange], *, advance: Callable[[int], None] = _ignore
    ) -> Iterator[StoredRecord]:
        """The records of these ranges, in order within each partition.

        ``advance`` is called with the number of offsets that were read since its last call.
        """
        positions = {each.partition: each.begin for each in offset_ranges if each.size}
        ends = {each.partition: each.end for each in offset_ranges}
        if not positions:
            return
        with raise_unreachable(self.topic, self._address):
            self._consumer.assign([TopicPartition(self.topic, number, at) for number, at in positions.items()])
            while positions:
                for message in self._next_batch():
                    partition, error = message.partition() or 0, message.error()
                    if partition not in positions:
                        continue
                    # An end-of-partition event carries the offset of the next record, a record its own. Compaction may
                    # have removed the last records of the range: then the next record read is past the range's end.
                    next_offset = (message.offset() or 0) + (error is None)
                    position = min(next_offset, ends[partition])
                    advance(position - positions[partition])
                    positions[partition] = position
                    if position == ends[partition]:
                        del positions[partition]
                        self._consumer.incremental_unassign([TopicPartition(self.topic, partition)])
                    if error is None and next_offset == position:
                        yield stored_record(message)

    def read_with_progress(
        self,
        offset_ranges: Sequence[OffsetRange],
        start_bar: Callable[[str, int], Callable[[int], None]],
        name: str = "",
    ) -> Iterator[StoredRecord]:
        """`read`, with a progress bar that ``start_bar`` opens under ``name``, or under the topic's name."""
        advance = start_bar(name or self.topic, sum(each.size for each in offset_ranges))
        return self.read(offset_ranges, advance=advance)

    def read_at(self, positions: Iterable[tuple[int, int]]) -> Iterator[StoredRecord]:
        """The records at these partitions and offsets, without those that compaction has removed."""
        wanted: dict[int, set[int]] = {}
        for partition, offset in positions:
            wanted.setdefault(partition, set()).add(offset)
        ranges = [OffsetRange(partition, min(offsets), max(offsets) + 1) for partition, offsets in wanted.items()]
        for record in self.read(ranges):
            if record.offset in wanted[record.partition]:
                yield record

    def _since(self, since_ms: int, available: list[OffsetRange]) -> list[OffsetRange]:
        asked = [TopicPartition(self.topic, each.partition, since_ms) for each in available]
        begins = {each.partition: each.offset for each in self._consumer.offsets_for_times(asked, timeout=TIMEOUT_S)}
        return [
            OffsetRange(
                each.partition, each.end if begins[each.partition] == OFFSET_END else begins[each.partition], each.end
            )
            for each in available
        ]

    def _next_batch(self) -> list[Message]:
        """Records and ends of partitions; bounded by what the client keeps in its queue."""
        first = self._consumer.poll(_STALLED_S)
        if first is None:
            reported = f" ({self._last_error})" if self._last_error else ""
            raise KafkaUnreachable(f"{self.topic} at {self._address}: nothing came for {_STALLED_S:.0f} s{reported}")
        batch = [first, *self._consumer.consume(_BATCH, 0)]
        for message in batch:
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                raise KafkaUnreachable(f"{self.topic} at {self._address}: {error.str()}")
        return batch

    def _note_error(self, error: KafkaError) -> None:
        self._last_error = error.str()
