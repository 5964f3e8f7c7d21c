"""How far the watch has read, and whether it has stopped reading without an error."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pinstream.kafka.admin import PartitionId

_NO_PARTITIONS_FACTOR: Final = 3


@dataclass(slots=True)
class _Ends:
    at_ms: int
    offsets: dict[PartitionId, int] = field(default_factory=dict)


class ReadProgress:
    """The positions of the reader, compared with the topics' ends, which another client reads.

    Safe in any thread: the event loop moves the positions, the watchdog's thread compares.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._next: dict[PartitionId, int] = {}
        self._paused: frozenset[str] = frozenset()
        self._to_reach: _Ends | None = None
        self._compared_at_count = 0
        self.records = 0
        """Read since the start."""
        self.as_of_ms = 0
        """Everything that was on Kafka at this time has been read; 0 while no such time is known."""
        self.progressed_at_ms = now_ms()
        self.behind: int | None = None
        """Records on Kafka that were not read when last compared; None while Kafka does not answer."""

    def assign(self, starts: Mapping[PartitionId, int]) -> None:
        """Read exactly these partitions, from these offsets."""
        with self._lock:
            self._next = dict(starts)
            self._to_reach = None

    def add_record(self, topic: str, partition: int, offset: int) -> None:
        with self._lock:
            self._next[topic, partition] = max(self._next.get((topic, partition), 0), offset + 1)
            self.records += 1

    def set_paused(self, topics: Iterable[str]) -> None:
        """Unread records of these topics are not counted as behind."""
        with self._lock:
            self._paused = frozenset(topics)

    @property
    def positions(self) -> dict[PartitionId, int]:
        """The next offset of each partition."""
        with self._lock:
            return dict(self._next)

    def compare(self, ends: Mapping[PartitionId, int] | None) -> None:
        """With the topics' ends as of now; None if Kafka did not answer."""
        with self._lock:
            now_ms = self._now_ms()
            if self.records != self._compared_at_count:
                self._compared_at_count, self.progressed_at_ms = self.records, now_ms
            if ends is None:
                self.behind = None
                return
            # Ends are kept until they are reached: compared with ever newer ones, a busy reader would never reach any.
            to_reach, self._to_reach = self._to_reach, self._to_reach or _Ends(now_ms, dict(ends))
            if to_reach is not None and self._has_reached(to_reach):
                self.as_of_ms, self._to_reach = to_reach.at_ms, _Ends(now_ms, dict(ends))
            self.behind = sum(ends[partition] - position for partition, position in self._unread(ends).items())
            if not self.behind:
                self.progressed_at_ms = now_ms

    def unread(self, ends: Mapping[PartitionId, int]) -> dict[PartitionId, int]:
        """The partitions that should have records to read, and from which offset."""
        with self._lock:
            return self._unread(ends)

    def skip_to_ends(self, ends: Mapping[PartitionId, int], partitions: Iterable[PartitionId]) -> None:
        """No record can be read up to these ends: there are only markers of transactions, or compacted offsets."""
        with self._lock:
            for partition in partitions:
                if partition in self._next:
                    self._next[partition] = max(self._next[partition], ends[partition])
            self.behind = 0

    def _unread(self, ends: Mapping[PartitionId, int]) -> dict[PartitionId, int]:
        return {
            partition: self._next[partition]
            for partition, end in ends.items()
            if partition[0] not in self._paused and end > self._next.get(partition, end)
        }

    def _has_reached(self, ends: _Ends) -> bool:
        return all(
            self._next.get(partition, end) >= end
            for partition, end in ends.offsets.items()
            if partition[0] not in self._paused
        )


class Watchdog:
    """Decides when a process that has stopped working without an error must exit."""

    def __init__(self, stuck_s: float, *, monotonic: Callable[[], float]) -> None:
        self._stuck_s = stuck_s
        self._monotonic = monotonic
        self._records = -1
        self._read_at_s = monotonic()
        self._beats = -1
        self._beat_at_s = monotonic()
        self._assigned_at_s = monotonic()

    def idle_s(self, records: int) -> float:
        """The time since the last record was read."""
        if records != self._records:
            self._records, self._read_at_s = records, self._monotonic()
        return self._monotonic() - self._read_at_s

    def reason_to_exit(self, *, records: int, behind: int | None, beats: int, partitions: int) -> str | None:
        """``beats`` counts the event loop's iterations."""
        now_s = self._monotonic()
        if not behind:
            self._read_at_s = now_s  # nothing to read, or Kafka does not answer: neither is the watch's fault
        idle_s = self.idle_s(records)
        if beats != self._beats:
            self._beats, self._beat_at_s = beats, now_s
        if partitions:
            self._assigned_at_s = now_s
        if now_s - self._beat_at_s > self._stuck_s:
            return f"the event loop has not run for {now_s - self._beat_at_s:.0f} s"
        if idle_s > self._stuck_s:
            return f"nothing was read for {idle_s:.0f} s, while Kafka holds {behind} records to read"
        if behind is not None and now_s - self._assigned_at_s > _NO_PARTITIONS_FACTOR * self._stuck_s:
            return (
                f"no partition was assigned for {now_s - self._assigned_at_s:.0f} s: are there more watches than "
                "partitions?"
            )
        return None
