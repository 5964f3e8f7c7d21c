"""How far the watch has read, and whether it has stopped reading without a word."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

Place = tuple[str, int]
"""Topic and partition."""

_NO_PARTITIONS_FACTOR: Final = 3


@dataclass(slots=True)
class _Snapshot:
    at_ms: int
    ends: dict[Place, int] = field(default_factory=dict)


class ReadProgress:
    """Positions as records are read, compared with the ends of the topics as somebody else sees them.

    Safe in any thread: the event loop reads on, the watchdog's thread compares.
    """

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._next: dict[Place, int] = {}
        self._held_back: frozenset[str] = frozenset()
        self._pending: _Snapshot | None = None
        self._steps_seen = 0
        self.steps = 0
        """Records read since the start."""
        self.as_of_ms = 0
        """Everything that was on Kafka at this moment has been read; 0 before it ever was."""
        self.progressed_at_ms = now_ms()
        self.behind: int | None = None
        """Records on Kafka that were not read, as of the last look; None while Kafka does not answer."""

    def assigned(self, starts: Mapping[Place, int]) -> None:
        """These places, from these offsets, and no others."""
        with self._lock:
            self._next = dict(starts)
            self._pending = None

    def read(self, topic: str, partition: int, offset: int) -> None:
        """One more record."""
        with self._lock:
            place = (topic, partition)
            self._next[place] = max(self._next.get(place, 0), offset + 1)
            self.steps += 1

    def hold_back(self, topics: Iterable[str]) -> None:
        """These are not being read just now, for good reason: what waits in them is no sign of trouble."""
        with self._lock:
            self._held_back = frozenset(topics)

    @property
    def places(self) -> dict[Place, int]:
        """The next offset of each place that is being watched."""
        with self._lock:
            return dict(self._next)

    def looked(self, ends: Mapping[Place, int] | None) -> None:
        """The ends of the topics, a moment ago; None if Kafka did not say."""
        with self._lock:
            now_ms = self._now_ms()
            if self.steps != self._steps_seen:
                self._steps_seen, self.progressed_at_ms = self.steps, now_ms
            if ends is None:
                self.behind = None
                return
            pending, self._pending = self._pending, self._pending or _Snapshot(now_ms, dict(ends))
            if pending is not None and self._reached(pending):
                self.as_of_ms, self._pending = pending.at_ms, _Snapshot(now_ms, dict(ends))
            self.behind = sum(ends[place] - position for place, position in self._unread(ends).items())
            if not self.behind:
                self.progressed_at_ms = now_ms

    def unread(self, ends: Mapping[Place, int]) -> dict[Place, int]:
        """Where there should be records to read, and from which offset."""
        with self._lock:
            return self._unread(ends)

    def nothing_there(self, ends: Mapping[Place, int], places: Iterable[Place]) -> None:
        """Up to their ends no record can be read: markers of transactions, or what compaction took away."""
        with self._lock:
            for place in places:
                if place in self._next:
                    self._next[place] = max(self._next[place], ends[place])
            self.behind = 0

    def _unread(self, ends: Mapping[Place, int]) -> dict[Place, int]:
        return {
            place: self._next[place]
            for place, end in ends.items()
            if place[0] not in self._held_back and end > self._next.get(place, end)
        }

    def _reached(self, snapshot: _Snapshot) -> bool:
        return all(
            self._next.get(place, end) >= end for place, end in snapshot.ends.items() if place[0] not in self._held_back
        )


class Watchdog:
    """Decides when a process that only looks alive must end; asked at every look."""

    def __init__(self, stuck_s: float, *, monotonic: Callable[[], float]) -> None:
        self._stuck_s = stuck_s
        self._monotonic = monotonic
        self._steps = -1
        self._moved_s = monotonic()
        self._beats = -1
        self._beat_s = monotonic()
        self._held_s = monotonic()

    def idle_s(self, steps: int) -> float:
        """For how long nothing was read."""
        if steps != self._steps:
            self._steps, self._moved_s = steps, self._monotonic()
        return self._monotonic() - self._moved_s

    def verdict(self, *, steps: int, behind: int | None, beats: int, partitions: int) -> str | None:
        """Why the process must end, or None. ``beats`` counts turns of the event loop."""
        now_s = self._monotonic()
        if not behind:
            self._moved_s = now_s  # nothing to read, or nobody to read it from: that is no standstill
        idle_s = self.idle_s(steps)
        if beats != self._beats:
            self._beats, self._beat_s = beats, now_s
        if partitions:
            self._held_s = now_s
        if now_s - self._beat_s > self._stuck_s:
            return f"the event loop has not turned for {now_s - self._beat_s:.0f} s"
        if idle_s > self._stuck_s:
            return f"nothing was read for {idle_s:.0f} s, while Kafka holds {behind} records to read"
        if behind is not None and now_s - self._held_s > _NO_PARTITIONS_FACTOR * self._stuck_s:
            return f"no partition was granted for {now_s - self._held_s:.0f} s: are there more watches than partitions?"
        return None
