"""How many tasks are in flight, and which of them wait for a failing host without counting. In the event loop only."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from pinstream.lanes import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlightLimits:
    """How many tasks may be in flight: the live lane may use all permits, the backfill some."""

    total: int
    backfill: int
    released: int = 64
    """How many tasks more may wait for failing hosts, having released theirs; any further ones keep their permits."""


class Permits:
    """Counts tasks in flight against the limits; ``on_released`` is called when another task may begin."""

    def __init__(self, limits: InFlightLimits, *, on_released: Callable[[], None]) -> None:
        self._limits = limits
        self._on_released = on_released
        self._in_use: Counter[Lane] = Counter()
        self._released: set[TaskPermit] = set()
        self._returning: deque[tuple[TaskPermit, asyncio.Future[None]]] = deque()

    def is_free(self, lane: Lane) -> bool:
        """Whether a task of this lane may begin."""
        return self._total_is_free and (lane == "live" or self._in_use["backfill"] < self._limits.backfill)

    def acquire(self, lane: Lane) -> "TaskPermit":
        """Count one task more; only `is_free` says whether there should be one."""
        self._in_use[lane] += 1
        return TaskPermit(lane, self)

    def close(self, permit: "TaskPermit") -> None:
        """The permit's task has ended, wherever it was."""
        if permit in self._released:
            self._released.remove(permit)
        else:
            self._in_use[permit.lane] -= 1

    def readmit(self) -> None:
        """Let tasks go on that want their permits back, first come, first served, as far as the total allows.

        The backfill's own limit does not hold them up: their pictures are downloaded and must not wait in memory.
        """
        while self._returning and self._total_is_free:
            permit, admitted = self._returning.popleft()
            if not admitted.done():  # else cancelled: its task was lost while it waited
                self._released.remove(permit)
                self._in_use[permit.lane] += 1
                admitted.set_result(None)

    @property
    def _total_is_free(self) -> bool:
        return self._in_use.total() < self._limits.total

    def _release(self, permit: "TaskPermit") -> None:
        if permit not in self._released and len(self._released) < self._limits.released:
            self._released.add(permit)
            self._in_use[permit.lane] -= 1
            self._on_released()

    async def _reacquire(self, permit: "TaskPermit") -> None:
        if permit in self._released:
            admitted = asyncio.get_running_loop().create_future()
            self._returning.append((permit, admitted))
            self.readmit()
            await admitted


@dataclass(frozen=True, slots=True, eq=False)
class TaskPermit:
    """The permit of one task."""

    lane: Lane
    _permits: Permits

    def release(self) -> None:
        self._permits._release(self)

    async def reacquire(self) -> None:
        await self._permits._reacquire(self)
