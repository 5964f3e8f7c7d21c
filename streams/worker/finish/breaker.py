"""Stops the worker when too many events become dead letters: then the worker must be suspected, not the events."""

from collections import deque
from dataclasses import dataclass

from streams.errors import BreakerTripped


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """A dead letter weighs 1, an unexpected one ``unexpected_weight``."""

    max_in_a_row: int = 200
    """Weight of dead letters with no other outcome between them."""
    max_ratio: float = 0.5
    """Weight of dead letters in the window, divided by the window's length."""
    window: int = 1000
    """Events; the ratio counts only once the window is full."""
    unexpected_weight: int = 10


class Breaker:
    """Counts outcomes; raises BreakerTripped from the dead letter that is one too many, and ever after."""

    def __init__(self, limits: BreakerLimits) -> None:
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
        # Unchanged and superseded count too, or a replay in which nothing but the old dead letters is left to do would
        # stop the worker.
        self.in_a_row = 0
        self._push(0)

    def record_death(self, *, unexpected: bool) -> None:
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
