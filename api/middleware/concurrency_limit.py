"""Protects the index, the models and other hosts from overload: a bounded number runs, a bounded number waits."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from api.metrics import ApiMetrics
from api.middleware.problems import Problem

_SMOOTHING: Final = 0.9
_FIRST_GUESS_S: Final = 0.1


class ConcurrencyLimit:
    """At most ``running`` at once and ``waiting`` in line, the rest is refused; use it from one event loop."""

    def __init__(
        self, name: str, *, running: int, waiting: int, metrics: ApiMetrics, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._max_running = running
        self._max_waiting = waiting
        self._metrics = metrics
        self._clock = clock
        self._permits = asyncio.Semaphore(running)
        self._running = 0
        self._waiting = 0
        self._average_s = _FIRST_GUESS_S

    @asynccontextmanager
    async def permit(self) -> AsyncIterator[None]:
        """Holds a permit inside the block; raises a Problem (429, with an estimate of the wait) if the line is full."""
        if self._permits.locked() and self._waiting >= self._max_waiting:
            self._metrics.add("refused", "full")
            raise Problem(
                429,
                f"{self._name}-busy",
                f"{self._name}: {self._max_running} running and {self._max_waiting} waiting is the limit: try again",
                # When a permit is likely to be free, if calls go on to take as long as they did.
                retry_after_s=self._average_s * (self._waiting + 1) / self._max_running,
            )
        # Counted before the first await: no other caller can slip in between the check above and this.
        self._waiting += 1
        self._publish()
        try:
            await self._permits.acquire()
        finally:
            self._waiting -= 1
        started_s, self._running = self._clock(), self._running + 1
        self._publish()
        try:
            yield
        finally:
            self._permits.release()
            self._running -= 1
            took_s = self._clock() - started_s
            self._average_s = _SMOOTHING * self._average_s + (1 - _SMOOTHING) * took_s
            self._metrics.observe("limit", took_s, self._name)
            self._publish()

    def _publish(self) -> None:
        self._metrics.set("limit_in_use", self._running, self._name)
        self._metrics.set("limit_waiting", self._waiting, self._name)
