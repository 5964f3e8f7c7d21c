"""The partitions assigned to this worker, and how far each of their two lanes is. In the event loop only."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pinstream.lanes import LANES, Lane
from streams.worker.record import Lease, Offsets
from streams.worker.schedule.offsets import OffsetTracker


@dataclass(slots=True)
class LanePosition:
    """How far one lane of one partition is."""

    tracker: OffsetTracker = field(default_factory=OffsetTracker)
    next_offset: int | None = None
    """The offset after the last record consumed; None before the first one, or the end, was seen."""
    at_end: bool = False
    """Whether the last thing read was the end of the partition."""
    log_number: int = 0
    """How often the offsets went back: equal offsets of the old and the new log are different records."""

    def begin_again(self, offset: int) -> None:
        """The partition's log continues at ``offset``, below what was read: count from there.

        The new offset is committed at once. If the old one stayed committed, a restart would begin there once the new
        log has grown past it, and skip what lies below.
        """
        self.tracker = OffsetTracker()
        self.tracker.begin_at(offset)
        self.next_offset, self.at_end = offset, False
        self.log_number += 1

    def mark_end(self, offset: int) -> None:
        """Everything below ``offset`` was read, and there is nothing more for now."""
        if self.tracker.is_new:
            # Committed, so that the next worker sees if records are removed before it reads them.
            self.tracker.begin_at(offset)
        self.next_offset, self.at_end = offset, True

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest record that is not finished was published; None where all are.

        Where every record consumed is finished and more are known to be there, it is when the last of them was
        published: those that are there are no older.
        """
        oldest_ms = self.tracker.oldest_ms
        return self.tracker.newest_ms if oldest_ms is None and not self.at_end else oldest_ms


@dataclass(slots=True)
class Assignment:
    """One partition number: its lease, and both lanes."""

    lease: Lease
    lanes: dict[Lane, LanePosition] = field(default_factory=lambda: {lane: LanePosition() for lane in LANES})

    @property
    def unfinished(self) -> int:
        """Records of both lanes that were consumed and are not finished."""
        return sum(lane.tracker.unfinished for lane in self.lanes.values())


class Assignments:
    """What is assigned now, by partition number."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._assigned: dict[int, Assignment] = {}

    def __iter__(self) -> Iterator[Assignment]:
        return iter(self._assigned.values())

    def __len__(self) -> int:
        return len(self._assigned)

    def get(self, partition: int) -> Assignment | None:
        return self._assigned.get(partition)

    def assign(self, partitions: Iterable[int]) -> None:
        """Begin a lease for each; one that was assigned already ends its old lease first."""
        for partition in partitions:
            self.revoke([partition])  # or tasks of the old lease would still write, and finish offsets of the new one
            self._assigned[partition] = Assignment(Lease(partition, self._monotonic()))

    def revoke(self, partitions: Iterable[int]) -> None:
        """End the leases: nothing more may be written for these partitions."""
        for partition in partitions:
            assignment = self._assigned.pop(partition, None)
            if assignment is not None:
                assignment.lease.held = False

    def offsets_to_commit(self, lane: Lane, partitions: Iterable[int] | None = None) -> Offsets:
        """What there is to commit for a lane, of all partitions or of some."""
        wanted = self._assigned.keys() if partitions is None else partitions
        found = {
            partition: assignment.lanes[lane].tracker.offset_to_commit()
            for partition in wanted
            if (assignment := self._assigned.get(partition)) is not None
        }
        return {partition: offset for partition, offset in found.items() if offset is not None}

    def mark_committed(self, lane: Lane, offsets: Mapping[int, int | None]) -> None:
        """Note that Kafka holds these offsets, or, where None is given, may not."""
        for partition, offset in offsets.items():
            assignment = self._assigned.get(partition)
            if assignment is not None:
                assignment.lanes[lane].tracker.mark_committed(offset)

    @property
    def at_end(self) -> bool:
        """Whether everything that was published on assigned partitions has been read."""
        return all(lane.at_end for assignment in self for lane in assignment.lanes.values())

    @property
    def unfinished(self) -> int:
        """Records consumed and not finished."""
        return sum(assignment.unfinished for assignment in self)

    def oldest_ms(self, lane: Lane) -> int | None:
        """When the oldest record of a lane that is not finished was published; None where all are."""
        times_ms = [assignment.lanes[lane].oldest_ms for assignment in self]
        return min((time_ms for time_ms in times_ms if time_ms is not None), default=None)
