"""The last records of one pin, searched from the end of its partition backwards: most are recent."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pinstream.kafka.offset_ranges import OffsetRange
from pinstream.kafka.partitioner import partition_of
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader

_FIRST_OFFSETS: Final = 500
_MAX_OFFSETS: Final = 16_000

Advance = Callable[[int, int], None]
"""Called with how many offsets have been searched, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRecords:
    """What a search of one partition found; ``records`` are the pin's last ones, in order."""

    topic: str
    partition: int
    records: tuple[StoredRecord, ...]
    end: int
    """The offset that the partition's next record will have."""
    complete: bool
    """False: time was up before the partition's beginning was reached."""


def find_last_records(reader: TopicReader, pin_id: str, *, until_s: float, advance: Advance) -> LastRecords:
    """The pin's last records, or none: those of the first stretch, counted from the end, that holds any.

    A compacted topic keeps one record of a pin, and until it is compacted a few older ones close by. Reads one
    partition: the one that Kafka's default partitioner gives the pin. ``until_s`` is a time of the monotonic clock.
    """
    key, ranges = pin_id.encode(), reader.offset_ranges()
    held = ranges[partition_of(key, len(ranges))]
    end, offsets, records, in_time = held.end, _FIRST_OFFSETS, tuple[StoredRecord, ...](), True
    while end > held.begin and not records and in_time:
        stretch = OffsetRange(held.partition, max(held.begin, end - offsets), end)
        records, in_time = _records_of(reader, stretch, key, until_s)
        end, offsets = stretch.begin, min(offsets * 2, _MAX_OFFSETS)
        advance(held.end - end, held.offsets)
    complete = bool(records) or (in_time and end <= held.begin)
    return LastRecords(topic=reader.topic, partition=held.partition, records=records, end=held.end, complete=complete)


def _records_of(
    reader: TopicReader, stretch: OffsetRange, key: bytes, until_s: float
) -> tuple[tuple[StoredRecord, ...], bool]:
    """The stretch's records of ``key``, and whether there was time to read it to its end."""
    found = []
    for record in reader.read([stretch]):
        if record.key == key:
            found.append(record)
        if time.monotonic() > until_s:
            return tuple(found), False
    return tuple(found), True
