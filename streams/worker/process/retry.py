"""Calls that are repeated until a service answers: full-jitter backoff, and which services do not answer now."""

import asyncio
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from streams.errors import Abandoned
from streams.worker.record import Lease

Service = Literal["triton", "milvus", "kafka"]
log = logging.getLogger(__name__)

SERVICES: Final[tuple[Service, ...]] = ("triton", "milvus", "kafka")
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


class Outages:
    """Which services do not answer, since when, and which partitions wait for them. Changed in the event loop only."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._since_s: dict[Service, float] = {}
        self._waiting: Counter[int] = Counter()
        self.waiting_partitions: frozenset[int] = frozenset()
        """Partitions with a pin whose deadline passed; they are paused. May be read from any thread.

        A new set each time, never changed: the poll threads read it without a lock.
        """

    @property
    def away_s(self) -> dict[Service, float]:
        """For each service that does not answer: since how many seconds."""
        now_s = self._monotonic()
        return {service: now_s - since_s for service, since_s in self._since_s.items()}

    def durations_s(self) -> dict[Service, float]:
        """For every service there is: since how many seconds it does not answer, 0 if it does."""
        away_s = self.away_s
        return {service: away_s.get(service, 0.0) for service in SERVICES}

    def begin(self, service: Service, reason: object) -> None:
        """Note that a call got no answer. Safe to repeat: an outage begins with its first one."""
        if service not in self._since_s:
            self._since_s[service] = self._monotonic()
            log.warning("%s does not answer, so its pins wait: %s", service, reason)

    def end(self, service: Service) -> None:
        """Note that a call got an answer. Safe to repeat."""
        since_s = self._since_s.pop(service, None)
        if since_s is not None:
            log.info("%s answers again after %.1f s", service, self._monotonic() - since_s)

    def pause(self, partition: int) -> None:
        """One more pin of this partition waits beyond its deadline."""
        self._waiting[partition] += 1
        self.waiting_partitions = frozenset(self._waiting)

    def resume(self, partition: int) -> None:
        """One pin of this partition waits no longer; the last of them resumes the partition."""
        self._waiting[partition] -= 1
        if not self._waiting[partition]:
            del self._waiting[partition]
        self.waiting_partitions = frozenset(self._waiting)


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
