"""What a run measured: percentiles, and the report that ``--json`` writes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pinstream.cli.watch.freshness import quantile
from pinstream.events import STAGES, PinOutcome, Stage

FOUND: Final = frozenset({"indexed", "unchanged"})
"""The outcomes after which a search finds the pin."""
_SHARES: Final = {"p50": 0.50, "p95": 0.95, "p99": 0.99, "max": 1.0}


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How a duration was distributed, in ms."""

    p50: float
    p95: float
    p99: float
    max: float

    def rounded(self) -> dict[str, float]:
        """The four of them, to a tenth of a millisecond, by name."""
        return {name: round(getattr(self, name), 1) for name in _SHARES}


def percentiles(durations_ms: Iterable[float]) -> Percentiles | None:
    """The percentiles, linearly interpolated between neighbours; None of nothing."""
    ordered = sorted(durations_ms)
    if not ordered:
        return None
    return Percentiles(**{name: quantile(ordered, share) for name, share in _SHARES.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One run in numbers."""

    pins: int
    indexed: int
    dead: int
    objects: int
    freshness_ms: Percentiles | None
    stages_ms: Mapping[Stage, Percentiles]

    def as_json(self) -> str:
        """The report; percentiles that nothing was measured for are an empty object."""
        report = {
            "pins": self.pins,
            "indexed": self.indexed,
            "dead": self.dead,
            "objects": self.objects,
            "freshness_ms": self.freshness_ms.rounded() if self.freshness_ms else {},
            "stages_ms": {stage: values.rounded() for stage, values in self.stages_ms.items()},
        }
        return json.dumps(report, indent=2) + "\n"


def summarise(outcomes: Iterable[PinOutcome], *, pins: int) -> Figures:
    """The figures of ``pins`` published pins, of which ``outcomes`` are known."""
    known = list(outcomes)
    found = [outcome for outcome in known if outcome.outcome in FOUND]
    by_stage = {stage: percentiles(_stage(found, stage)) for stage in STAGES}
    return Figures(
        pins=pins,
        indexed=len(found),
        dead=sum(outcome.outcome == "dead" for outcome in known),
        objects=sum(outcome.objects for outcome in found),
        freshness_ms=percentiles(outcome.freshness_ms for outcome in found if outcome.freshness_ms is not None),
        stages_ms={stage: values for stage, values in by_stage.items() if values is not None},
    )


def _stage(outcomes: Iterable[PinOutcome], stage: Stage) -> list[float]:
    return [outcome.stages_ms[stage] for outcome in outcomes if stage in outcome.stages_ms]
