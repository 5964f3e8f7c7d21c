"""Calls that are repeated until a service answers, with full-jitter backoff."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from streams.errors import Abandoned
from streams.worker.outages import Outages, Service
from streams.worker.record import Lease

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Full jitter: each wait is drawn from 0 to a ceiling that doubles from ``first_s`` to ``max_s``."""

    first_s: float
    max_s: float
    deadline_s: float = math.inf
    """What happens after it is the caller's decision; the waits themselves have no end."""

    def waits_s(self, draw: Callable[[float, float], float] = random.uniform) -> Iterator[float]:
        """Waits without end."""
        ceiling_s = self.first_s
        while True:
            yield draw(0.0, ceiling_s)
            ceiling_s = min(ceiling_s * 2, self.max_s)


class RetryPolicy:
    """Repeats a call to a service until it answers: an outage costs time, never a pin."""

    def __init__(
        self,
        backoff: Backoff,
        outages: Outages,
        *,
        on_retry: Callable[[Service], None],
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._backoff = backoff
        self._outages = outages
        self._on_retry = on_retry
        self._monotonic = monotonic
        self._sleep = sleep

    async def call(
        self, service: Service, call: Callable[[], Awaitable[Answer]], *, retry_on: type[Exception], lease: Lease
    ) -> Answer:
        """The first answer of ``call``, repeated without end while it raises ``retry_on``.

        After the backoff's deadline the partition is paused until this call ends: it stays in the group, still polled,
        and its next records wait in Kafka instead of here. Raises Abandoned once the lease is gone, and whatever else
        ``call`` raises.
        """
        waits_s = self._backoff.waits_s()
        deadline_s = self._monotonic() + self._backoff.deadline_s
        paused = False
        try:
            while True:
                # Before every attempt, since another worker may own the partition after a wait. The partition may also
                # move between this check and the write: see "The one hole" in docs/worker.md.
                if not lease.held:
                    raise Abandoned(f"partition {lease.partition}")
                try:
                    answer = await call()
                except retry_on as exc:
                    self._outages.begin(service, exc)
                    self._on_retry(service)
                else:
                    self._outages.end(service)
                    return answer
                if not paused and self._monotonic() > deadline_s:
                    paused = True
                    self._outages.pause(lease.partition)
                await self._sleep(next(waits_s))
        finally:
            if paused:
                self._outages.resume(lease.partition)
