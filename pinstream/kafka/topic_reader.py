"""One pass over a topic: every record from where one begins up to the ends that it had then, in bounded memory."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

from confluent_kafka import OFFSET_END, KafkaError, KafkaException, Message, TopicPartition

from pinstream.kafka.clients import open_reader
from pinstream.kafka.connection import Connection
from pinstream.kafka.errors import KafkaUnreachable, TopicMissing
from pinstream.kafka.offset_ranges import TIMEOUT_S, OffsetRange, offset_ranges
from pinstream.kafka.stored_record import StoredRecord, stored

_STALLED_S: Final = 30.0
_BATCH: Final = 500


def _nothing(_offsets: int) -> None:
    """Nobody watches."""


class TopicReader:
    """Reads one topic in no group and without a trace; ``with`` closes it.

    Raises KafkaAway without a broker or topic, or when nothing comes for half a minute.
    """

    def __init__(self, to: Connection, topic: str, *, stalled_s: float = _STALLED_S) -> None:
        self._stalled_s = stalled_s
        self.topic = topic
        self._address = to.address
        self._trouble = ""
        if topic not in to.topics():
            raise TopicMissing(topic, to.address)
        self._consumer = open_reader(
            to.client_settings(),
            name="pinstream-pass",
            preferred={"queued.max.messages.kbytes": 16 * 1024},
            fixed={"enable.partition.eof": True, "auto.offset.reset": "earliest"},
            on_error=self._note,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def offset_ranges(self, *, since_ms: int | None = None) -> list[OffsetRange]:
        """What there is now, of every partition; with ``since_ms``, from the first record of that time on."""
        with _named(self.topic, self._address):
            found = offset_ranges(self._consumer, self.topic)
            return found if since_ms is None else self._from(since_ms, found)

    def read(
        self, offset_ranges: Sequence[OffsetRange], *, advance: Callable[[int], None] = _nothing
    ) -> Iterator[StoredRecord]:
        """The records of ``spans``, in order within each partition; ``advance`` hears how many offsets are behind."""
        positions = {span.partition: span.begin for span in offset_ranges if span.offsets}
        ends = {span.partition: span.end for span in offset_ranges}
        if not positions:
            return
        with _named(self.topic, self._address):
            self._consumer.assign([TopicPartition(self.topic, each, begin) for each, begin in positions.items()])
            while positions:
                for message in self._batch():
                    partition, error = message.partition() or 0, message.error()
                    if partition not in positions:
                        continue
                    after = (message.offset() or 0) + (error is None)
                    reached = min(after, ends[partition])
                    advance(reached - positions[partition])
                    positions[partition] = reached
                    if reached == ends[partition]:
                        del positions[partition]
                        self._consumer.incremental_unassign([TopicPartition(self.topic, partition)])
                    if error is None and after == reached:
                        yield stored(message)

    def read_with_progress(
        self, offset_ranges: Sequence[OffsetRange], steps: Callable[[str, int], Callable[[int], None]], name: str = ""
    ) -> Iterator[StoredRecord]:
        """`read`, with a progress bar from ``steps`` under ``name``, or else the topic's."""
        step = steps(name or self.topic, sum(each.offsets for each in offset_ranges))
        return self.read(offset_ranges, advance=step)

    def pick(self, places: Iterable[tuple[int, int]]) -> Iterator[StoredRecord]:
        """The records at ``places``, each a partition and an offset, as far as they are still there."""
        wanted: dict[int, set[int]] = {}
        for partition, offset in places:
            wanted.setdefault(partition, set()).add(offset)
        for record in self.read(
            [OffsetRange(each, min(offsets), max(offsets) + 1) for each, offsets in wanted.items()]
        ):
            if record.offset in wanted[record.partition]:
                yield record

    def _from(self, since_ms: int, offset_ranges: list[OffsetRange]) -> list[OffsetRange]:
        asked = [TopicPartition(self.topic, span.partition, since_ms) for span in offset_ranges]
        begins = {each.partition: each.offset for each in self._consumer.offsets_for_times(asked, timeout=TIMEOUT_S)}
        return [
            OffsetRange(
                span.partition, span.end if begins[span.partition] == OFFSET_END else begins[span.partition], span.end
            )
            for span in offset_ranges
        ]

    def _batch(self) -> list[Message]:
        """What came next, ends of partitions too; what the client has queued bounds it."""
        first = self._consumer.poll(self._stalled_s)
        if first is None:
            reported = f" ({self._trouble})" if self._trouble else ""
            raise KafkaUnreachable(
                f"{self.topic} at {self._address}: nothing came for {self._stalled_s:.0f} s{reported}"
            )
        batch = [first, *self._consumer.consume(_BATCH, 0)]
        for message in batch:
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:
                raise KafkaUnreachable(f"{self.topic} at {self._address}: {error.str()}")
        return batch

    def _note(self, error: KafkaError) -> None:
        self._trouble = error.str()


@contextmanager
def _named(topic: str, address: str) -> Iterator[None]:
    """Says of which topic and server a client's exception tells."""
    try:
        yield
    except KafkaException as exc:
        raise KafkaUnreachable(f"{topic} at {address}: {exc.args[0].str()}") from exc
