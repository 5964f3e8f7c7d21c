"""One operation in flight per pin, and the newest event of those that wait: pure, no clock and no network."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, Protocol, TypeVar

from pinstream.lanes import LANES, Lane


class Queued(Protocol):
    """What has to be ordered: work on one pin."""

    @property
    def pin(self) -> Hashable:
        """Equal for events that must not overtake each other."""

    @property
    def version(self) -> int:
        """Of two waiting events the one with the greater version is worth doing."""

    @property
    def deletes(self) -> bool:
        """Of equal versions the deletion is worth doing, whichever came first."""

    @property
    def lane(self) -> Lane:
        """Live work begins before backfill."""


Work = TypeVar("Work", bound=Queued)


class PinQueue(Generic[Work]):
    """Work waits here until its pin is free and a place opens; both lanes of a pin meet here."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, Work] = {}
        self._active: dict[Hashable, Lane] = {}
        self._queues: dict[Lane, deque[Hashable]] = {lane: deque() for lane in LANES}

    @property
    def waiting(self) -> int:
        """How much work has not begun."""
        return len(self._waiting)

    def active(self, lane: Lane | None = None) -> int:
        """How much work has begun and not finished, of one lane or of both."""
        return len(self._active) if lane is None else sum(1 for each in self._active.values() if each == lane)

    def admit(self, work: Work) -> Work | None:
        """Let ``work`` wait. Where work of its pin waits already, the older of the two comes back, superseded.

        Of equals the one that came first comes back.
        """
        before = self._waiting.get(work.pin)
        if before is not None and (before.version, before.deletes) > (work.version, work.deletes):
            return work
        self._waiting[work.pin] = work
        if work.pin not in self._active and (before is None or before.lane != work.lane):
            self._queues[work.lane].append(work.pin)
        return before

    def begin(self, lane: Lane) -> Work | None:
        """The next work of a lane whose pin is free, now begun; None where there is none."""
        queue = self._queues[lane]
        while queue:
            pin = queue.popleft()
            work = self._waiting.get(pin)
            if work is None or work.lane != lane or pin in self._active:
                continue
            del self._waiting[pin]
            self._active[pin] = lane
            return work
        return None

    def finish(self, pin: Hashable) -> None:
        """The pin is free again; what waited for it is next in line."""
        del self._active[pin]
        work = self._waiting.get(pin)
        if work is not None:
            self._queues[work.lane].appendleft(pin)

    def drop(self, unwanted: Callable[[Work], bool]) -> Iterator[Work]:
        """Remove waiting work for which ``unwanted`` is true, and return it; what has begun goes on."""
        for pin in [pin for pin, work in self._waiting.items() if unwanted(work)]:
            yield self._waiting.pop(pin)
