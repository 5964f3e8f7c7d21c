"""Places for what may take long and costs memory meanwhile: so many in all, fewer for one address, nobody waits."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.metrics import Metrics
from api.problems import Problem


class Places:
    """``places`` at once, ``each`` of them for one address at most; use it from one event loop."""

    def __init__(self, name: str, *, places: int, each: int, retry_after_s: float, metrics: Metrics) -> None:
        self._name = name
        self._places = places
        self._each = each
        self._retry_after_s = retry_after_s
        self._metrics = metrics
        self._taken: Counter[str] = Counter()
        metrics.set("gate_in_use", 0, name)

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """Inside the block one place is taken; raises a Problem (429) if there is none, or none for ``address``."""
        if self._taken[address] >= self._each:
            detail = f"{self._each} {self._name} at once is what one address may have: end one, or come again"
            raise self._refused("address", f"too-many-{self._name}", detail)
        if self._taken.total() >= self._places:
            detail = f"{self._places} {self._name} at once is what this service takes: come again"
            raise self._refused("full", f"{self._name}-busy", detail)
        self._count(address, 1)
        try:
            yield
        finally:
            self._count(address, -1)

    def _refused(self, reason: str, kind: str, detail: str) -> Problem:
        self._metrics.add("refused", reason)
        return Problem(429, kind, detail, retry_after_s=self._retry_after_s)

    def _count(self, address: str, change: int) -> None:
        self._taken[address] += change
        if not self._taken[address]:
            del self._taken[address]
        self._metrics.set("gate_in_use", self._taken.total(), self._name)
