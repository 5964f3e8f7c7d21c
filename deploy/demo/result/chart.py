"""The page's charts, as SVG that follows the page's colours."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from deploy.demo.result.figures import Percentiles
from pinstream.events import STAGES, Stage

_WIDTH: Final = 560
_ROW: Final = 34
_LABEL: Final = 78
_RIGHT: Final = 72
_AXIS: Final = 78
_LONGEST: Final = 2.0
"""Whiskers are cut where they would make the bars of the medians too short to read."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One pin on the timeline: when it was published, and how fresh it was when found."""

    published_at_ms: int
    freshness_ms: float
    title: str


def waterfall(stages_ms: Mapping[Stage, Percentiles]) -> str:
    """The medians of the stages laid end to end, each with a whisker to its p95."""
    stages = [stage for stage in STAGES if stage in stages_ms]
    if not stages:
        return ""
    starts, total = {}, 0.0
    for stage in stages:
        starts[stage] = total
        total += stages_ms[stage].p50
    furthest = max(starts[stage] + stages_ms[stage].p95 for stage in stages)
    end = min(furthest, _LONGEST * total) or 1.0
    scale = (_WIDTH - _LABEL - _RIGHT) / end
    rows = [
        _bar(index, stage, stages_ms[stage], start_px=_LABEL + starts[stage] * scale, scale=scale)
        for index, stage in enumerate(stages)
    ]
    height = len(stages) * _ROW + 26
    axis = "".join(_grid(value, _LABEL + value * scale, height) for value in ticks(end))
    title = f"Stages of a pin at the median, {total:.0f} ms in all, and their 95th percentiles"
    return _svg(height, title, axis + "".join(rows))


def timeline(dots: Sequence[Dot], *, median_ms: float) -> str:
    """Every pin as a dot: when it was published, left to right, and how fresh it was found, bottom to top."""
    if not dots:
        return ""
    height, top, bottom = 220, 12, 28
    first = min(dot.published_at_ms for dot in dots)
    span = max(max(dot.published_at_ms for dot in dots) - first, 1)
    highest = max(dot.freshness_ms for dot in dots) * 1.05 or 1.0

    def x_of(at_ms: float) -> float:
        return _AXIS + (at_ms - first) / span * (_WIDTH - _AXIS - 20)

    def y_of(freshness_ms: float) -> float:
        return top + (1 - freshness_ms / highest) * (height - top - bottom)

    lines = "".join(_level(value, y_of(value)) for value in ticks(highest, count=4))
    median = (
        f'<line class="median" x1="{_AXIS}" x2="{_WIDTH - 20}" y1="{y_of(median_ms):.1f}" y2="{y_of(median_ms):.1f}"/>'
    )
    marks = "".join(
        f'<circle class="dot" cx="{x_of(dot.published_at_ms):.1f}" cy="{y_of(dot.freshness_ms):.1f}" r="3.6">'
        f"<title>{escape(dot.title)}: {dot.freshness_ms:.0f} ms</title></circle>"
        for dot in dots
    )
    ends = (
        f'<text class="tick" x="{_AXIS}" y="{height - 6}">0 s</text>'
        f'<text class="tick" x="{_WIDTH - 20}" y="{height - 6}" text-anchor="end">{span / 1000:.0f} s</text>'
    )
    return _svg(height, f"Freshness of {len(dots)} pins over the run", lines + median + marks + ends)


def ticks(end: float, *, count: int = 6) -> Iterator[float]:
    """Round values from 0 up to ``end``, about ``count`` of them."""
    rough = end / count
    power = 10.0 ** (len(str(int(rough))) - 1) if rough >= 1 else 0.1
    step = next((power * factor for factor in (1, 2, 5, 10) if power * factor >= rough), power * 10)
    value = 0.0
    while value <= end:
        yield value
        value += step


def _bar(index: int, stage: Stage, values: Percentiles, *, start_px: float, scale: float) -> str:
    y, middle = index * _ROW + 6, index * _ROW + 17
    width = max(values.p50 * scale, 2.0)
    whisker = min(start_px + max(values.p95 * scale, width), _WIDTH - _RIGHT)
    return (
        f'<text class="name" x="{_LABEL - 12}" y="{middle + 4}" text-anchor="end">{stage}</text>'
        f'<line class="whisker" x1="{start_px:.1f}" x2="{whisker:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<rect class="bar" x="{start_px:.1f}" y="{y}" width="{width:.1f}" height="22" rx="4">'
        f"<title>{stage}: p50 {values.p50:.1f} ms, p95 {values.p95:.1f} ms</title></rect>"
        f'<text class="value" x="{whisker + 8:.1f}" y="{middle + 4}">{values.p50:.1f} ms</text>'
    )


def _grid(value: float, x: float, height: int) -> str:
    return (
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - 22}"/>'
        f'<text class="tick" x="{x:.1f}" y="{height - 6}" text-anchor="middle">{value:g}</text>'
    )


def _level(value: float, y: float) -> str:
    return (
        f'<line class="grid" x1="{_AXIS}" x2="{_WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick" x="{_AXIS - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g} ms</text>'
    )


def _svg(height: int, title: str, body: str) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )
