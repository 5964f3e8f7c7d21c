"""Percentiles and tables: the pure part of every benchmark."""

from collections.abc import Mapping, Sequence

from pinstream.cli.watch.freshness import quantile

QUANTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 of ``values``, linearly interpolated; empty for no values."""
    if not values:
        return {}
    ordered = sorted(values)
    return {name: round(quantile(ordered, share), 2) for name, share in QUANTILES.items()}


def steady_rate(finished_ms: Sequence[float], *, trim: float = 0.15) -> float:
    """Events per second over the middle of a run: the first and last ``trim`` share are left out."""
    ordered = sorted(finished_ms)
    first, last = int(len(ordered) * trim), int(len(ordered) * (1 - trim)) - 1
    if last <= first or ordered[last] == ordered[first]:
        raise ValueError(f"{len(ordered)} events are too few for a rate")
    return (last - first) * 1000 / (ordered[last] - ordered[first])


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])


def stage_medians(stages: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each stage over many pins, ms."""
    names = dict.fromkeys(name for each in stages for name in each)
    return {name: percentiles([each[name] for each in stages if name in each])["p50"] for name in names}
