"""Rolling percentiles of the ages of pins, and of their stages."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pinstream.cli.watch.line_order import EventId, event_of
from pinstream.events import STAGES, PinOutcome

WINDOW_PINS: Final = 1_000
FRESHNESS: Final = "freshness"
"""The age at which a search first found the pin, or no longer found a deleted one."""
ACKNOWLEDGED: Final = "acknowledged"
"""The age at which the outcome was known."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How one measure is distributed, in ms."""

    name: str
    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class FreshnessWindow:
    """The ages and stages of the last ``pins`` pins."""

    def __init__(self, pins: int = WINDOW_PINS) -> None:
        self.pins = 0
        """Since the start."""
        self.dead = 0
        self._size = pins
        self._last: OrderedDict[EventId, PinOutcome] = OrderedDict()

    def add(self, outcome: PinOutcome) -> None:
        """Add an outcome. The second outcome of a probed pin replaces the first."""
        event = event_of(outcome)
        if event not in self._last:
            self.pins += 1
            self.dead += outcome.outcome == "dead"
        self._last[event] = outcome
        if len(self._last) > self._size:
            self._last.popitem(last=False)

    def spreads(self) -> list[Spread]:
        """Each measure that any pin of the window has: the ages first, then the stages in their order."""
        measures: dict[str, list[float]] = {FRESHNESS: [], ACKNOWLEDGED: [], **{stage: [] for stage in STAGES}}
        for outcome in self._last.values():
            if outcome.outcome == "dead":
                continue  # its retries say nothing about freshness
            if outcome.freshness_ms is not None:
                measures[FRESHNESS].append(outcome.freshness_ms)
            measures[ACKNOWLEDGED].append(outcome.finished_at_ms - outcome.published_at_ms)
            for stage, spent_ms in outcome.stages_ms.items():
                measures[stage].append(spent_ms)
        return [found for name, values in measures.items() if (found := spread(name, values)) is not None]


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0..1) of the ascending values lie, linearly interpolated between neighbours."""
    position = share * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def spread(name: str, values_ms: Iterable[float]) -> Spread | None:
    """The percentiles of the values; None without values."""
    ordered = sorted(values_ms)
    if not ordered:
        return None
    return Spread(
        name,
        len(ordered),
        quantile(ordered, 0.50),
        quantile(ordered, 0.95),
        quantile(ordered, 0.99),
        ordered[-1],
    )
