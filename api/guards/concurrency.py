"""Bounded concurrency in front of what would collapse: so many inside, so many waiting, the rest told to come again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from api.guards.problems import Problem
from api.metrics import ApiMetrics

_SLOWNESS_KEPT: Final = 0.9
_FIRST_GUESS_S: Final = 0.1


class ConcurrencyLimit:
    """``places`` at once inside, ``waiting`` in line; use it from one event loop."""

    def __init__(
        self, name: str, *, places: int, waiting: int, metrics: ApiMetrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._places = places
        self._most_waiting = waiting
        self._metrics = metrics
        self._clock = clock
        self._free = asyncio.Semaphore(places)
        self._waiting = 0
        self._inside = 0
        self._usual_s = _FIRST_GUESS_S

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Inside the block one place is taken; raises a Problem (429, when to come again) if the line is full."""
        if self._free.locked() and self._waiting >= self._most_waiting:
            self._metrics.add("refused", "full")
            raise Problem(
                429,
                f"{self._name}-busy",
                f"{self._places} at once and {self._most_waiting} waiting is what {self._name} takes: come again",
                retry_after_s=self._usual_s * (self._waiting + 1) / self._places,
            )
        self._waiting += 1
        self._tell()
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        begun_s, self._inside = self._clock(), self._inside + 1
        self._tell()
        try:
            yield
        finally:
            self._free.release()
            self._inside -= 1
            took_s = self._clock() - begun_s
            self._usual_s = _SLOWNESS_KEPT * self._usual_s + (1 - _SLOWNESS_KEPT) * took_s
            self._metrics.observe("gate", took_s, self._name)
            self._tell()

    def _tell(self) -> None:
        self._metrics.set("gate_in_use", self._inside, self._name)
        self._metrics.set("gate_waiting", self._waiting, self._name)
