"""Rolling percentiles of how old pins were at each step of their way."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from pinstream.events import STAGES, PinOutcome

WINDOW_PINS: Final = 1_000
SEARCHABLE: Final = "searchable"
SETTLED: Final = "settled"


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds of one measure over the window."""

    name: str
    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float


class FreshnessWindow:
    """The last pins' ages when they were settled and when a search first found them, and their stages."""

    def __init__(self, pins: int = WINDOW_PINS) -> None:
        self.pins = 0
        """How many outcomes there were in all."""
        self.dead = 0
        self._last: deque[PinOutcome] = deque(maxlen=pins)

    def add(self, outcome: PinOutcome) -> None:
        """Take one in; the oldest leaves."""
        self.pins += 1
        self.dead += outcome.outcome == "dead"
        self._last.append(outcome)

    def spreads(self) -> list[Spread]:
        """Each measure that any pin of the window has: the whole first, then the stages in their order."""
        measures: dict[str, list[float]] = {SEARCHABLE: [], SETTLED: [], **{stage: [] for stage in STAGES}}
        for outcome in self._last:
            if outcome.outcome == "dead":
                continue  # its retries say nothing about freshness
            if outcome.freshness_ms is not None:
                measures[SEARCHABLE].append(outcome.freshness_ms)
            measures[SETTLED].append(outcome.finished_at_ms - outcome.published_at_ms)
            for stage, spent_ms in outcome.stages_ms.items():
                measures[stage].append(spent_ms)
        return [_spread(name, sorted(values)) for name, values in measures.items() if values]


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of ``ordered`` values that at least ``share`` (0..1) of them do not exceed (nearest rank)."""
    return ordered[max(ceil(share * len(ordered)) - 1, 0)]


def _spread(name: str, ordered: Sequence[float]) -> Spread:
    return Spread(
        name,
        len(ordered),
        percentile(ordered, 0.50),
        percentile(ordered, 0.95),
        percentile(ordered, 0.99),
        ordered[-1],
    )
