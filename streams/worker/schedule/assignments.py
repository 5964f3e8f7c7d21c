"""The partitions this worker holds, and how far each of their two lanes is: changed in the event loop only."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pinstream.lanes import LANES, Lane
from streams.worker.record import Lease
from streams.worker.schedule.offsets import OffsetTracker

Offsets = Mapping[int, int]
"""Partition to the offset to commit: that of the next record to read."""


@dataclass(slots=True)
class LanePosition:
    """How far one lane of one partition is."""

    progress: OffsetTracker = field(default_factory=OffsetTracker)
    next_offset: int | None = None
    """The offset after the last record taken; None before the first one, or the end, was seen."""
    at_end: bool = False
    """Whether the last thing read was the end of the partition."""

    @property
    def oldest_ms(self) -> int | None:
        """When the oldest record that is not finished was published; None where all are.

        Of records that are there and not taken only this is known: they are no older than the last one taken.
        """
        taken_ms = self.progress.oldest_ms
        return self.progress.newest_ms if taken_ms is None and not self.at_end else taken_ms


@dataclass(slots=True)
class Assignment:
    """One partition number: its lease, and both lanes."""

    lease: Lease
    lanes: dict[Lane, LanePosition] = field(default_factory=lambda: {lane: LanePosition() for lane in LANES})

    @property
    def unfinished(self) -> int:
        """Records of both lanes that were taken and are not finished."""
        return sum(lane.progress.unfinished for lane in self.lanes.values())


class Assignments:
    """What is held now, by partition number."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._held: dict[int, Assignment] = {}

    def __iter__(self) -> Iterator[Assignment]:
        return iter(self._held.values())

    def __len__(self) -> int:
        return len(self._held)

    def get(self, partition: int) -> Assignment | None:
        """The holding, or None where the partition is not this worker's."""
        return self._held.get(partition)

    def grant(self, partitions: Iterable[int]) -> None:
        """These are this worker's from now on."""
        for partition in partitions:
            self.release([partition])
            self._held[partition] = Assignment(Lease(partition, self._monotonic()))

    def release(self, partitions: Iterable[int]) -> None:
        """These are not this worker's any more; nothing more may be written for them."""
        for partition in partitions:
            holding = self._held.pop(partition, None)
            if holding is not None:
                holding.lease.held = False

    def uncommitted(self, lane: Lane, partitions: Iterable[int] | None = None) -> Offsets:
        """What there is to commit for a lane, of all partitions or of some."""
        wanted = self._held.keys() if partitions is None else partitions
        found = {
            partition: holding.lanes[lane].progress.uncommitted()
            for partition in wanted
            if (holding := self._held.get(partition)) is not None
        }
        return {partition: offset for partition, offset in found.items() if offset is not None}

    def committed(self, lane: Lane, offsets: Mapping[int, int | None]) -> None:
        """Kafka holds these offsets, or, where None is given, may not."""
        for partition, offset in offsets.items():
            holding = self._held.get(partition)
            if holding is not None:
                holding.lanes[lane].progress.committed(offset)

    @property
    def at_end(self) -> bool:
        """Whether everything that was published on held partitions has been read."""
        return all(lane.at_end for holding in self for lane in holding.lanes.values())

    @property
    def unfinished(self) -> int:
        """Records taken and not finished."""
        return sum(holding.unfinished for holding in self)

    def oldest_ms(self, lane: Lane) -> int | None:
        """When the oldest record of a lane that is not finished was published; None where all are."""
        times_ms = [holding.lanes[lane].oldest_ms for holding in self]
        return min((time_ms for time_ms in times_ms if time_ms is not None), default=None)
