"""The rate limit: a token bucket for each caller, and what each kind of request costs."""

import time
from collections.abc import Callable
from typing import Final

from cachetools import LRUCache

_COSTS: Final = {"/v1/flashlight": 2.0, "/v1/lens": 5.0}
_THUMBNAIL_COST: Final = 0.1


class TokenBuckets:
    """``rate_per_s`` tokens come in, up to ``burst``; only the ``callers`` seen last are remembered."""

    def __init__(
        self, *, rate_per_s: float, burst: float, callers: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._clock = clock
        self._buckets: LRUCache[str, tuple[float, float]] = LRUCache(callers)
        """Tokens left, and when they were counted."""

    def take(self, caller: str, tokens: float) -> float:
        """Take tokens; 0 if ``caller`` had them, else the seconds until there are enough, and nothing is taken."""
        now_s = self._clock()
        left, counted_s = self._buckets.get(caller, (self._burst, now_s))
        left = min(left + (now_s - counted_s) * self._rate_per_s, self._burst)
        cost = min(tokens, self._burst)
        wait_s = 0.0 if left >= cost else (cost - left) / self._rate_per_s
        self._buckets[caller] = (left if wait_s else left - cost, now_s)
        return wait_s


def cost_of(path: str, method: str) -> float:
    """The tokens that a request costs; 0 outside ``/v1`` and for CORS preflights."""
    if not path.startswith("/v1/") or method == "OPTIONS":
        return 0.0
    return _THUMBNAIL_COST if path.endswith("/thumbnail") else _COSTS.get(path, 1.0)
