"""Charts as inline SVG: no script, no style attribute, nothing fetched; each says in words what it shows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from math import ceil, floor, log10
from typing import Final

WIDTH: Final = 640
HEIGHT: Final = 200
_LEFT: Final = 56
_BOTTOM: Final = 24
_TOP: Final = 10
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: its name, its class in the style sheet, and values by minute."""

    name: str
    style: str
    values: Mapping[int, float]


def lines(title: str, series: Sequence[Line], *, until_ms: int, minutes: int, mark_ms: float) -> str:
    """Milliseconds by minute on a logarithmic scale, with a dashed line at the objective."""
    seen = [value for line in series for value in line.values.values() if value > 0]
    low = 10.0 ** floor(log10(min([*seen, mark_ms])))
    high = 10.0 ** ceil(log10(max([*seen, mark_ms]) * 1.01))
    since_ms = until_ms - minutes * _MINUTE_MS

    def x(at_ms: int) -> float:
        return _LEFT + (WIDTH - _LEFT - 8) * (at_ms + _MINUTE_MS / 2 - since_ms) / (minutes * _MINUTE_MS)

    def y(value: float) -> float:
        span = log10(high / low) or 1
        share = log10(max(value, low) / low) / span
        return HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * share

    parts = list(_time_axis(since_ms, minutes))
    tick = low
    while tick <= high:
        parts += _grid(y(tick), duration(tick))
        tick *= 10
    parts.append(f'<line class="objective" x1="{_LEFT}" x2="{WIDTH - 8}" y1="{y(mark_ms):.1f}" y2="{y(mark_ms):.1f}"/>')
    parts.append(
        f'<text class="objective-name" x="{WIDTH - 10}" y="{y(mark_ms) - 4:.1f}" text-anchor="end">'
        f"objective {duration(mark_ms)}</text>"
    )
    for line in series:
        points = [(x(at_ms), y(value)) for at_ms, value in sorted(line.values.items()) if at_ms > since_ms]
        parts += _drawn(line, points)
    return _svg(title, parts)


def stacked(title: str, names: Sequence[str], minutes: Mapping[int, Mapping[str, int]], *, until_ms: int) -> str:
    """Numbers by minute of the last hour, one bar each, piled up by name; each name is a class of the style sheet."""
    since_ms = until_ms // _MINUTE_MS * _MINUTE_MS - 59 * _MINUTE_MS
    top = _round_up(max((sum(counts.values()) for counts in minutes.values()), default=1))
    width = (WIDTH - _LEFT - 8) / 60
    parts = list(_time_axis(since_ms, 60))
    for share in (0.0, 0.5, 1.0):
        tick = top * share
        parts += _grid(
            HEIGHT - _BOTTOM - (HEIGHT - _BOTTOM - _TOP) * tick / top, f"{tick:,.0f}" if top > 1 else f"{tick:g}"
        )
    for at_ms, counts in sorted(minutes.items()):
        x, base = _LEFT + width * (at_ms - since_ms) / _MINUTE_MS, float(HEIGHT - _BOTTOM)
        if x < _LEFT:
            continue
        for name in names:
            tall = (HEIGHT - _BOTTOM - _TOP) * counts.get(name, 0) / top
            if tall:
                base -= tall
                parts.append(
                    f'<rect class="{escape(name)}" x="{x + 0.5:.1f}" y="{base:.1f}" width="{width - 1:.1f}" '
                    f'height="{tall:.1f}"><title>{_clock(at_ms)} {escape(name)}: {counts[name]:,}</title></rect>'
                )
    return _svg(title, parts)


def spread(title: str, rows: Sequence[tuple[str, float, float]]) -> str:
    """One bar for each name: solid to the median, pale to the 95th percentile, ms."""
    row_px, width = 26, WIDTH - 190
    top = max((p95 for _, _, p95 in rows), default=1.0) or 1.0
    parts = []
    for number, (name, p50, p95) in enumerate(rows):
        y = number * row_px + 4
        parts.append(f'<text class="name" x="64" y="{y + 13}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect class="p95" x="72" y="{y}" width="{width * p95 / top:.1f}" height="18" rx="2"/>')
        parts.append(f'<rect class="p50" x="72" y="{y}" width="{max(width * p50 / top, 1):.1f}" height="18" rx="2"/>')
        parts.append(f'<text class="value" x="{80 + width}" y="{y + 13}">{duration(p50)} · {duration(p95)}</text>')
    return _svg(title, parts, height=max(len(rows), 1) * row_px + 4)


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


def _drawn(line: Line, points: Sequence[tuple[float, float]]) -> Iterator[str]:
    if len(points) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        yield f'<polyline class="{line.style}" points="{path}"/>'
    for x, y in points if len(points) < 12 else points[-1:]:
        yield f'<circle class="{line.style}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>'


def _grid(y: float, name: str) -> list[str]:
    return [
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - 8}" y1="{y:.1f}" y2="{y:.1f}"/>',
        f'<text class="axis" x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{name}</text>',
    ]


def _time_axis(since_ms: int, minutes: int) -> Iterator[str]:
    for minute in range(0, minutes, 15):
        at_ms = since_ms + minute * _MINUTE_MS
        x = _LEFT + (WIDTH - _LEFT - 8) * minute / minutes
        yield f'<text class="axis" x="{x:.1f}" y="{HEIGHT - 6}">{_clock(at_ms)}</text>'


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M")


def _round_up(value: float) -> float:
    power = 10.0 ** floor(log10(max(value, 1)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _svg(title: str, parts: Sequence[str], *, height: int = HEIGHT) -> str:
    label = escape(title, quote=True)
    return f'<svg role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {height}">{"".join(parts)}</svg>'
