"""Figures as Markdown: tables, intervals, what was reached."""

from collections.abc import Iterable, Sequence

Row = Sequence[str]


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table, without a line break at its end."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def folded(summary: str, *blocks: str) -> str:
    """Blocks that a reader opens."""
    return "\n\n".join([f"<details>\n<summary>{summary}</summary>", *blocks, "</details>"])


def shown(figure: float | Sequence[float], *, signed: bool = False) -> str:
    """A figure with its interval, if it has one."""
    sign = "+" if signed else ""
    if isinstance(figure, float | int):
        return f"{figure:{sign}.3f}"
    mean, low, high = figure
    return f"{mean:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def mean_of(figure: float | Sequence[float]) -> float:
    """A figure without its interval."""
    return float(figure) if isinstance(figure, float | int) else float(figure[0])


def reached(value: float, aim: float, *, is_cost: bool = False) -> str:
    """Whether a target is met; what costs should be at most the aim."""
    is_met = value <= aim if is_cost else value >= aim
    return "met" if is_met else f"**missed** by {abs(aim - value):.3f}"
