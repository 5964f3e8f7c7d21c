"""Places for what may take long and costs memory meanwhile: so many in all, fewer for one caller, nobody waits."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.guards.problems import Problem
from api.metrics import ApiMetrics


class AdmissionLimit:
    """``places`` at once, ``each`` of them for one caller at most; use it from one event loop."""

    def __init__(self, name: str, *, places: int, each: int, retry_after_s: float, metrics: ApiMetrics) -> None:
        self._name = name
        self._places = places
        self._each = each
        self._retry_after_s = retry_after_s
        self._metrics = metrics
        self._taken: Counter[str] = Counter()

    @contextmanager
    def place(self, caller: str) -> Iterator[None]:
        """Inside the block one place is taken; raises a Problem (429) if there is none, or none for ``caller``."""
        if self._taken[caller] >= self._each:
            detail = f"{self._each} {self._name} at once is what one caller may have: end one, or come again"
            raise self._refused("caller", f"too-many-{self._name}", detail)
        if self._taken.total() >= self._places:
            detail = f"{self._places} {self._name} at once is what this service takes: come again"
            raise self._refused("full", f"{self._name}-busy", detail)
        self._count(caller, 1)
        try:
            yield
        finally:
            self._count(caller, -1)

    def _refused(self, reason: str, kind: str, detail: str) -> Problem:
        self._metrics.add("refused", reason)
        return Problem(429, kind, detail, retry_after_s=self._retry_after_s)

    def _count(self, caller: str, change: int) -> None:
        self._taken[caller] += change
        if not self._taken[caller]:
            del self._taken[caller]
        self._metrics.set("gate_in_use", self._taken.total(), self._name)
