"""Which services do not answer now, since when, and which partitions are paused until they do."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, Literal, get_args

log = logging.getLogger(__name__)

Service = Literal["triton", "milvus", "kafka"]
SERVICES: Final[tuple[Service, ...]] = get_args(Service)


class Outages:
    """Changed in the event loop only."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._since_s: dict[Service, float] = {}
        self._waiting: Counter[int] = Counter()
        self.paused_partitions: frozenset[int] = frozenset()
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
        self.paused_partitions = frozenset(self._waiting)

    def resume(self, partition: int) -> None:
        """One pin of this partition waits no longer; the last of them resumes the partition."""
        self._waiting[partition] -= 1
        if not self._waiting[partition]:
            del self._waiting[partition]
        self.paused_partitions = frozenset(self._waiting)
