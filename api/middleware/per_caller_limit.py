"""Limits what runs long and holds memory meanwhile, in total and per caller; requests above a limit are refused."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.metrics import ApiMetrics
from api.middleware.problems import Problem


class PerCallerLimit:
    """``total`` permits, at most ``per_caller`` of them for one caller; use it from one event loop."""

    def __init__(self, name: str, *, total: int, per_caller: int, retry_after_s: float, metrics: ApiMetrics) -> None:
        self._name = name
        self._total = total
        self._per_caller = per_caller
        self._retry_after_s = retry_after_s
        self._metrics = metrics
        self._in_use: Counter[str] = Counter()

    @contextmanager
    def permit(self, caller: str) -> Iterator[None]:
        """Holds a permit inside the block; raises a Problem (429) if none is left, in total or for ``caller``."""
        if self._in_use[caller] >= self._per_caller:
            detail = f"one caller may have {self._per_caller} {self._name} at once: end one, or try again later"
            raise self._refusal("caller", f"too-many-{self._name}", detail)
        if self._in_use.total() >= self._total:
            detail = f"this service allows {self._total} {self._name} at once: try again later"
            raise self._refusal("full", f"{self._name}-busy", detail)
        self._count(caller, 1)
        try:
            yield
        finally:
            self._count(caller, -1)

    def _refusal(self, reason: str, kind: str, detail: str) -> Problem:
        self._metrics.add("refused", reason)
        return Problem(429, kind, detail, retry_after_s=self._retry_after_s)

    def _count(self, caller: str, change: int) -> None:
        self._in_use[caller] += change
        if not self._in_use[caller]:
            del self._in_use[caller]
        self._metrics.set("limit_in_use", self._in_use.total(), self._name)
