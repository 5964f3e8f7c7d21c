"""The geometry of the page's charts; the template draws them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from pinstream.cli.watch.freshness import Spread
from pinstream.events import STAGE_MEANINGS, STAGES, Stage

_LONGEST = 2.0
"""Bars end at twice the sum of the medians: one long p95 would make the medians too short to read."""


class StageBar(NamedTuple):
    """One stage of the waterfall; positions in percent of the column's width."""

    stage: Stage
    explanation: str
    values: Spread
    left: float
    p50_width: float
    p95_width: float


def waterfall(stages_ms: Mapping[Stage, Spread]) -> list[StageBar]:
    """The medians of the stages laid end to end, each with its 95th percentile."""
    total_ms = sum(values.p50_ms for values in stages_ms.values())
    begin_ms, placed = 0.0, []
    for stage in (stage for stage in STAGES if stage in stages_ms):
        placed.append((stage, stages_ms[stage], begin_ms))
        begin_ms += stages_ms[stage].p50_ms
    end_ms = min(max((begin + values.p95_ms for _, values, begin in placed), default=0.0), _LONGEST * total_ms) or 1.0
    return [
        StageBar(
            stage,
            STAGE_MEANINGS[stage],
            values,
            round(100 * begin / end_ms, 2),
            round(100 * values.p50_ms / end_ms, 2),
            round(100 * min(max(values.p95_ms, values.p50_ms), end_ms - begin) / end_ms, 2),
        )
        for stage, values, begin in placed
    ]


class Dot(NamedTuple):
    """One pin on the timeline: when it was published, and how fresh it was when found."""

    published_at_ms: int
    freshness_ms: float
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Every pin as a dot: when it was published, left to right, and how fresh it was found, bottom to top."""

    WIDTH: ClassVar = 1120
    HEIGHT: ClassVar = 220
    LEFT: ClassVar = 78
    RIGHT: ClassVar = WIDTH - 20
    TOP: ClassVar = 12
    BOTTOM: ClassVar = HEIGHT - 28

    dots: list[tuple[float, float, str]]
    levels: list[tuple[float, str]]
    median_y: float
    span_s: int


def timeline(dots: Sequence[Dot], *, median_ms: float) -> Timeline:
    """The positions of ``dots``, which may be none."""
    first_ms = min((dot.published_at_ms for dot in dots), default=0)
    span_ms = max(max((dot.published_at_ms for dot in dots), default=0) - first_ms, 1)
    highest_ms = max((dot.freshness_ms for dot in dots), default=1.0) * 1.05 or 1.0

    def x_of(at_ms: int) -> float:
        return round(Timeline.LEFT + (at_ms - first_ms) / span_ms * (Timeline.RIGHT - Timeline.LEFT), 1)

    def y_of(freshness_ms: float) -> float:
        return round(Timeline.BOTTOM - freshness_ms / highest_ms * (Timeline.BOTTOM - Timeline.TOP), 1)

    return Timeline(
        dots=[
            (x_of(dot.published_at_ms), y_of(dot.freshness_ms), f"{dot.title}: {dot.freshness_ms:.0f} ms")
            for dot in dots
        ],
        levels=[(y_of(value), f"{value:g}") for value in ticks(highest_ms)],
        median_y=y_of(median_ms),
        span_s=round(span_ms / 1000),
    )


def ticks(end: float) -> Iterator[float]:
    """Round values from 0 up to ``end``, about four of them."""
    rough = end / 4
    power = 10.0 ** (len(str(int(rough))) - 1) if rough >= 1 else 0.1
    step = next((power * factor for factor in (1, 2, 5, 10) if power * factor >= rough), power * 10)
    value = 0.0
    while value <= end:
        yield value
        value += step
