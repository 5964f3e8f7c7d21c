"""Figures as Markdown: tables, intervals, targets."""

from collections.abc import Iterable, Sequence

Row = Sequence[str]


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table, without a line break at its end."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def folded(summary: str, *blocks: str) -> str:
    """Blocks that a reader has to open."""
    return "\n\n".join([f"<details>\n<summary>{summary}</summary>", *blocks, "</details>"])


def with_interval(figure: float | Sequence[float], *, signed: bool = False) -> str:
    """A figure with its interval, if it has one."""
    sign = "+" if signed else ""
    if isinstance(figure, float | int):
        return f"{figure:{sign}.3f}"
    mean, low, high = figure
    return f"{mean:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def mean_of(figure: float | Sequence[float]) -> float:
    """A figure without its interval."""
    return float(figure) if isinstance(figure, float | int) else float(figure[0])


def compare_with_target(value: float, target: float, *, is_cost: bool = False) -> str:
    """Whether a target is met; a cost must be at most the target."""
    is_met = value <= target if is_cost else value >= target
    return "met" if is_met else f"**missed** by {abs(target - value):.3f}"
