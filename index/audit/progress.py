"""How far an audit has come, kept in its file, so that an audit that was interrupted can continue."""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from pinstream.kafka.offset_ranges import OffsetRange

_SCHEMA: Final = """
create table if not exists named_value (name text primary key, value text) without rowid;
create table if not exists offset_range (topic text, partition integer, position integer, end_offset integer,
    primary key (topic, partition)) without rowid;
"""


class AuditProgress:
    """Named values and counts, and of each topic the offsets that are still to be read."""

    def __init__(self, tables: sqlite3.Connection) -> None:
        self._tables = tables
        self._tables.executescript(_SCHEMA)

    def get(self, name: str) -> str | None:
        found = self._tables.execute("select value from named_value where name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def set(self, name: str, value: str) -> None:
        self._tables.execute("insert or replace into named_value values (?, ?)", (name, value))

    def count(self, name: str) -> int:
        """0 if it was never increased."""
        return int(self.get(name) or 0)

    def increase(self, name: str, *, by: int) -> None:
        self.set(name, str(self.count(name) + by))

    def ranges_left(self, topic: str, initial: Callable[[], Sequence[OffsetRange]]) -> list[OffsetRange]:
        """What is left to read of a topic. ``initial`` is called once: the end of a topic is fixed when it is begun."""
        query = "select partition, position, end_offset from offset_range where topic = ? order by partition"
        found = [OffsetRange(*row) for row in self._tables.execute(query, (topic,))]
        if not found:
            found = list(initial())
            self._set_ranges(topic, found)
        return found

    def extend_ranges(self, topic: str, now: Sequence[OffsetRange]) -> list[OffsetRange]:
        """Move the end of a topic to the one of ``now``; what is left to read up to there."""
        positions = self.positions(topic)
        ranges = [OffsetRange(each.partition, positions.get(each.partition, each.begin), each.end) for each in now]
        self._set_ranges(topic, ranges)
        return ranges

    def positions(self, topic: str) -> dict[int, int]:
        """By partition, the offset that is read next: what is below it is known."""
        query = "select partition, position from offset_range where topic = ?"
        return dict(self._tables.execute(query, (topic,)))

    def set_positions(self, topic: str, positions: Mapping[int, int]) -> None:
        rows = [(position, topic, partition) for partition, position in positions.items()]
        self._tables.executemany("update offset_range set position = ? where topic = ? and partition = ?", rows)

    def _set_ranges(self, topic: str, ranges: Iterable[OffsetRange]) -> None:
        rows = [(topic, each.partition, each.begin, each.end) for each in ranges]
        self._tables.executemany("insert or replace into offset_range values (?, ?, ?, ?)", rows)
