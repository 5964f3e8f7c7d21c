"""Stops the worker when too many events become dead letters: then the fault is probably the worker's, not theirs."""

from collections import deque

from streams.errors import BreakerTripped
from streams.worker.settings import BreakerSettings


class Breaker:
    """Counts outcomes; raises BreakerTripped at the first dead letter above a limit, and at every later one."""

    def __init__(self, limits: BreakerSettings) -> None:
        self._limits = limits
        self._recent: deque[int] = deque()
        self._recent_weight = 0
        self.in_a_row = 0
        """Weight of the dead letters since the last other outcome."""
        self.tripped = False

    @property
    def ratio(self) -> float:
        """Weight of the dead letters in the window, divided by the number of events in it; 0 before the first."""
        return self._recent_weight / len(self._recent) if self._recent else 0.0

    def record_success(self) -> None:
        # Unchanged and superseded events count too: else a replay, in which only the old dead letters are not done yet,
        # would trip the breaker.
        self.in_a_row = 0
        self._push(0)

    def record_dead_letter(self, *, unexpected: bool) -> None:
        """Call it before a dead letter is written; raises BreakerTripped if it must not be."""
        weight = self._limits.unexpected_weight if unexpected else 1
        self.in_a_row += weight
        self._push(weight)
        limits = self._limits
        if self.in_a_row > limits.max_in_a_row:
            self._trip(f"dead letters in a row weigh {self.in_a_row}; the limit is {limits.max_in_a_row}")
        if len(self._recent) == limits.window and self.ratio > limits.max_ratio:
            self._trip(
                f"dead letters weigh {self.ratio:.2f} an event over {limits.window}; the limit is {limits.max_ratio}"
            )
        if self.tripped:
            raise BreakerTripped("the breaker has tripped already")

    def _push(self, weight: int) -> None:
        self._recent.append(weight)
        self._recent_weight += weight
        if len(self._recent) > self._limits.window:
            self._recent_weight -= self._recent.popleft()

    def _trip(self, reason: str) -> None:
        self.tripped = True
        raise BreakerTripped(reason)
