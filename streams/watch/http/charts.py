"""The geometry of the page's charts, in SVG units; ``templates/charts.html.j2`` draws them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor, log10
from typing import ClassVar, Final, NamedTuple

_MINUTES: Final = 60
_MINUTE_MS: Final = 60_000
_MAX_DOTS: Final = 12


class Tick(NamedTuple):
    """A labelled value of an axis."""

    at: float
    text: str


class Line(NamedTuple):
    """One line: its name, its class in the style sheet, and its points, of which ``dots`` are drawn as such."""

    name: str
    style: str
    points: Sequence[tuple[float, float]]
    dots: Sequence[tuple[float, float]]


class Bar(NamedTuple):
    """One piece of a stacked bar; ``style`` is a class of the style sheet."""

    style: str
    x: float
    y: float
    width: float
    height: float
    text: str


class StageRow(NamedTuple):
    """One row of the stage chart: bars to the median and to the 95th percentile."""

    name: str
    meaning: str
    y: int
    p50_width: float
    p95_width: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The last hour from left to right, with horizontal grid lines."""

    WIDTH: ClassVar = 640
    HEIGHT: ClassVar = 200
    LEFT: ClassVar = 56
    RIGHT: ClassVar = WIDTH - 8
    TOP: ClassVar = 10
    BOTTOM: ClassVar = HEIGHT - 24

    title: str
    """In words, for those who do not see it."""
    times: Sequence[Tick]
    levels: Sequence[Tick]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChart(Frame):
    """Milliseconds by minute on a logarithmic scale, and the objective as a dashed line."""

    lines: Sequence[Line]
    objective: Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedChart(Frame):
    """Numbers by minute, stacked."""

    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageChart:
    """How long each stage takes."""

    WIDTH: ClassVar = 640
    LEFT: ClassVar = 72
    BAR_WIDTH: ClassVar = WIDTH - 190

    title: str
    rows: Sequence[StageRow]
    height: int


def line_chart(
    title: str, series: Sequence[tuple[str, str, Mapping[int, float]]], *, until_ms: int, objective_ms: float
) -> LineChart:
    """``series``: name, style and values by minute."""
    values = [value for _, _, by_minute in series for value in by_minute.values() if value > 0]
    low = floor(log10(min([*values, objective_ms])))
    high = ceil(log10(max([*values, objective_ms]) * 1.01))
    since_ms = until_ms - _MINUTES * _MINUTE_MS

    def y(value_ms: float) -> float:
        share = (log10(max(value_ms, 10.0**low)) - low) / ((high - low) or 1)
        return round(Frame.BOTTOM - (Frame.BOTTOM - Frame.TOP) * share, 1)

    lines = []
    for name, style, by_minute in series:
        points = [
            (_x(at_ms + _MINUTE_MS / 2, since_ms), y(value))
            for at_ms, value in sorted(by_minute.items())
            if at_ms > since_ms
        ]
        lines.append(Line(name, style, points, points if len(points) < _MAX_DOTS else points[-1:]))
    return LineChart(
        title=title,
        times=list(_quarter_hours(since_ms)),
        levels=[Tick(y(10.0**power), duration(10.0**power)) for power in range(low, high + 1)],
        lines=lines,
        objective=Tick(y(objective_ms), f"objective {duration(objective_ms)}"),
    )


def stacked_chart(
    title: str, names: Sequence[str], by_minute: Mapping[int, Mapping[str, int]], *, until_ms: int
) -> StackedChart:
    """``by_minute``: numbers by name; each name is a class of the style sheet."""
    since_ms = until_ms // _MINUTE_MS * _MINUTE_MS - (_MINUTES - 1) * _MINUTE_MS
    top = _round_up(max((sum(counts.values()) for counts in by_minute.values()), default=1))
    minute_px, unit_px = (Frame.RIGHT - Frame.LEFT) / _MINUTES, (Frame.BOTTOM - Frame.TOP) / top
    bars = []
    for at_ms, counts in sorted(by_minute.items()):
        y = float(Frame.BOTTOM)
        for name in names if at_ms >= since_ms else ():
            if counts.get(name):
                height = counts[name] * unit_px
                y -= height
                text = f"{_clock(at_ms)} {name}: {counts[name]:,}"
                bars.append(Bar(name, round(_x(at_ms, since_ms) + 0.5, 1), y, minute_px - 1, height, text))
    levels = [
        Tick(Frame.BOTTOM - tick * unit_px, f"{tick:,.0f}" if top > 1 else f"{tick:g}") for tick in (0, top / 2, top)
    ]
    return StackedChart(title=title, times=list(_quarter_hours(since_ms)), levels=levels, bars=bars)


def stage_chart(title: str, stages: Sequence[tuple[str, str, float, float]]) -> StageChart:
    """``stages``: name, meaning, median and 95th percentile, ms."""
    row_px, longest_ms = 26, max((p95 for _, _, _, p95 in stages), default=1.0) or 1.0
    scale = StageChart.BAR_WIDTH / longest_ms
    rows = [
        StageRow(
            name, meaning, number * row_px + 4, max(p50 * scale, 1), p95 * scale, f"{duration(p50)} · {duration(p95)}"
        )
        for number, (name, meaning, p50, p95) in enumerate(stages)
    ]
    return StageChart(title=title, rows=rows, height=len(rows) * row_px + 4)


def duration(value_ms: float | None) -> str:
    """In the largest unit that fits: ``63 ms``, ``4.1 s``, ``2.0 min``."""
    if value_ms is None:
        return "none"
    if value_ms < 1000:
        return f"{value_ms:.0f} ms" if value_ms >= 10 else f"{value_ms:.3g} ms"
    seconds = value_ms / 1000
    for limit, unit, size in ((120, "s", 1), (7200, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 86_400:.3g} days"


def _x(at_ms: float, since_ms: int) -> float:
    return round(Frame.LEFT + (Frame.RIGHT - Frame.LEFT) * (at_ms - since_ms) / (_MINUTES * _MINUTE_MS), 1)


def _quarter_hours(since_ms: int) -> Iterator[Tick]:
    for minute in range(0, _MINUTES, 15):
        at_ms = since_ms + minute * _MINUTE_MS
        yield Tick(_x(at_ms, since_ms), _clock(at_ms))


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M")


def _round_up(value: float) -> float:
    power = 10.0 ** floor(log10(max(value, 1)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)
