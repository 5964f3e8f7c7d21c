"""The records of one pin, looked for from the end of its partition backwards: what is sought is mostly recent."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pinstream.kafka.offset_ranges import OffsetRange
from pinstream.kafka.partitioner import partition_of
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader

_FIRST_OFFSETS: Final = 500
_MOST_OFFSETS: Final = 16_000

Advance = Callable[[int, int], None]
"""Hears how many offsets have been looked at, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtRecords:
    """What a search of one partition came to; ``records`` are the pin's last ones, in order."""

    topic: str
    partition: int
    records: tuple[StoredRecord, ...]
    end: int
    """Where the next record of the partition will be."""
    complete: bool
    """False: time was up before the partition's beginning was reached."""


def seek(reader: TopicReader, pin_id: str, *, until_s: float, advance: Advance) -> SoughtRecords:
    """The pin's last records, or none; stops at the first stretch, counted from the end, that has any.

    A compacted topic keeps one record of a pin, and for a while a few older ones close by. Reads one partition: the
    one that Kafka's default partitioner gives the pin. ``until_s`` is a moment of the monotonic clock.
    """
    key, spans = pin_id.encode(), reader.offset_ranges()
    span = spans[partition_of(key, len(spans))]
    end, offsets, records, in_time = span.end, _FIRST_OFFSETS, tuple[StoredRecord, ...](), True
    while end > span.begin and not records and in_time:
        stretch = OffsetRange(span.partition, max(span.begin, end - offsets), end)
        records, in_time = _of(reader, stretch, key, until_s)
        end, offsets = stretch.begin, min(offsets * 2, _MOST_OFFSETS)
        advance(span.end - end, span.offsets)
    complete = bool(records) or (in_time and end <= span.begin)
    return SoughtRecords(topic=reader.topic, partition=span.partition, records=records, end=span.end, complete=complete)


def _of(reader: TopicReader, span: OffsetRange, key: bytes, until_s: float) -> tuple[tuple[StoredRecord, ...], bool]:
    """The stretch's records of ``key``, and whether there was time to read it to its end."""
    found = []
    for record in reader.read([span]):
        if record.key == key:
            found.append(record)
        if time.monotonic() > until_s:
            return tuple(found), False
    return tuple(found), True
