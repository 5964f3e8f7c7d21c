"""The last records of one pin, searched backwards from the end of its partition: most searches are for recent pins."""

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
    """False if time ran out before the beginning of the partition was reached."""


def find_last_records(reader: TopicReader, pin_id: str, *, until_s: float, advance: Advance) -> LastRecords:
    """Read the pin's partition backwards, range by range, and stop at the first range that holds records of the pin.

    A compacted topic keeps one record of a pin, and some older ones near it until it is compacted. The partition is the
    one that Kafka's default partitioner chooses for the pin. ``until_s`` is a time of the monotonic clock.
    """
    key, ranges = pin_id.encode(), reader.offset_ranges()
    available = ranges[partition_of(key, len(ranges))]
    end, offsets, records, in_time = available.end, _FIRST_OFFSETS, tuple[StoredRecord, ...](), True
    while end > available.begin and not records and in_time:
        searched = OffsetRange(available.partition, max(available.begin, end - offsets), end)
        records, in_time = _records_of(reader, searched, key, until_s)
        end, offsets = searched.begin, min(offsets * 2, _MAX_OFFSETS)
        advance(available.end - end, available.size)
    complete = bool(records) or (in_time and end <= available.begin)
    return LastRecords(
        topic=reader.topic, partition=available.partition, records=records, end=available.end, complete=complete
    )


def _records_of(
    reader: TopicReader, searched: OffsetRange, key: bytes, until_s: float
) -> tuple[tuple[StoredRecord, ...], bool]:
    """The records of ``key`` in the range, and whether there was time to read all of it."""
    found = []
    for record in reader.read([searched]):
        if record.key == key:
            found.append(record)
        if time.monotonic() > until_s:
            return tuple(found), False
    return tuple(found), True
