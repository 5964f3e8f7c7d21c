"""What a run measured: percentiles, and the report that ``--json`` writes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from pinstream.cli.watch.freshness import FRESHNESS, Spread, spread
from pinstream.events import STAGES, PinOutcome, Stage

FOUND: Final = frozenset({"indexed", "unchanged"})
"""The outcomes after which a search finds the pin."""


def rounded(values: Spread) -> dict[str, float]:
    """p50, p95, p99 and max, to a tenth of a millisecond."""
    return {name: round(getattr(values, f"{name}_ms"), 1) for name in ("p50", "p95", "p99", "max")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One run in numbers."""

    pins: int
    indexed: int
    dead: int
    objects: int
    freshness_ms: Spread | None
    stages_ms: Mapping[Stage, Spread]

    def as_json(self) -> str:
        """The report; percentiles without measurements are an empty object."""
        report = {
            "pins": self.pins,
            "indexed": self.indexed,
            "dead": self.dead,
            "objects": self.objects,
            "freshness_ms": rounded(self.freshness_ms) if self.freshness_ms else {},
            "stages_ms": {stage: rounded(values) for stage, values in self.stages_ms.items()},
        }
        return json.dumps(report, indent=2) + "\n"


def summarise(outcomes: Iterable[PinOutcome], *, pins: int) -> Figures:
    """The figures of ``pins`` published pins, of which ``outcomes`` are known."""
    known = list(outcomes)
    found = [outcome for outcome in known if outcome.outcome in FOUND]
    by_stage = {stage: spread(stage, _stage(found, stage)) for stage in STAGES}
    return Figures(
        pins=pins,
        indexed=len(found),
        dead=sum(outcome.outcome == "dead" for outcome in known),
        objects=sum(outcome.objects for outcome in found),
        freshness_ms=spread(FRESHNESS, (each.freshness_ms for each in found if each.freshness_ms is not None)),
        stages_ms={stage: values for stage, values in by_stage.items() if values is not None},
    )


def _stage(outcomes: Iterable[PinOutcome], stage: Stage) -> list[float]:
    return [outcome.stages_ms[stage] for outcome in outcomes if stage in outcome.stages_ms]
