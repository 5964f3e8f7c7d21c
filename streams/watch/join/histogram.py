"""Durations in bounded memory: buckets whose width grows with the value, so that any two histograms add up."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, exp, log
from typing import Final, Self

RELATIVE_ERROR: Final = 0.02
MIN_MS: Final = 0.1
MAX_MS: Final = 7 * 24 * 3600 * 1000.0

_LOG_BASE: Final = log((1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR))
_OFFSET: Final = ceil(log(MIN_MS) / _LOG_BASE)
BUCKETS: Final = ceil(log(MAX_MS) / _LOG_BASE) - _OFFSET + 1
"""The most that a histogram has."""


@dataclass(slots=True)
class Histogram:
    """Milliseconds, each kept within 2 % (DDSketch, VLDB 2019); below 0.1 ms and above a week they are clamped."""

    buckets: dict[int, int] = field(default_factory=dict)
    count: int = 0
    max_ms: float = 0.0

    def add(self, value_ms: float) -> None:
        bucket = ceil(log(min(max(value_ms, MIN_MS), MAX_MS)) / _LOG_BASE) - _OFFSET
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.count += 1
        self.max_ms = max(self.max_ms, value_ms)

    def percentile(self, share: float) -> float | None:
        """The least value that at least ``share`` (0..1) of all do not exceed (nearest rank); None without values."""
        if not self.count:
            return None
        rank = max(ceil(share * self.count), 1)
        for bucket in sorted(self.buckets):
            rank -= self.buckets[bucket]
            if rank <= 0:
                upper = exp((bucket + _OFFSET) * _LOG_BASE)
                return min(upper * (1 - RELATIVE_ERROR), self.max_ms)
        return self.max_ms

    @classmethod
    def merged(cls, parts: Iterable[Self]) -> Self:
        """The same histogram as if every value had been added to one."""
        whole = cls()
        for part in parts:
            for bucket, count in part.buckets.items():
                whole.buckets[bucket] = whole.buckets.get(bucket, 0) + count
            whole.count += part.count
            whole.max_ms = max(whole.max_ms, part.max_ms)
        return whole
