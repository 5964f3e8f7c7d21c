"""The latest pins as a table: title, objects, freshness, and a bar of the stages."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from pinstream.events import STAGES, PinOutcome, Stage

_COLOURS: Final[dict[Stage, str]] = {
    "queue": "bright_black",
    "fetch": "cyan",
    "decode": "blue",
    "detect": "magenta",
    "embed": "red",
    "write": "yellow",
    "visible": "green",
}
_NUMBERS: Final = 26
"""Columns that the figures and the gaps between them take."""


def feed(pins: Sequence[tuple[str, PinOutcome]], *, width: int) -> Table:
    """Titles and outcomes, the latest first."""
    titles = max(width // 3, 14)
    room = max(width - titles - _NUMBERS, 0)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  pin", max_width=titles, no_wrap=True, overflow="ellipsis")
    table.add_column("objects", justify="right", min_width=7, no_wrap=True)
    table.add_column("freshness", justify="right", min_width=9, no_wrap=True)
    if room:
        table.add_column("stages", max_width=room, no_wrap=True, overflow="ellipsis")
    longest_ms = max((sum(outcome.stages_ms.values()) for _, outcome in pins), default=1.0) or 1.0
    for title, outcome in reversed(pins):
        cells = [Text(f"  {title or outcome.pin_id}")]
        if outcome.outcome == "dead":
            cells += [Text(), Text("dead", style="yellow"), Text(outcome.reason or "", style="dim")]
        else:
            fresh = "…" if outcome.freshness_ms is None else f"{outcome.freshness_ms} ms"
            bar = stage_bar(outcome, longest_ms=longest_ms, width=room)
            cells += [Text(str(outcome.objects)), Text(fresh, style="bold"), bar]
        table.add_row(*(cells if room else cells[:-1]))
    return table


def stage_bar(outcome: PinOutcome, *, longest_ms: float, width: int) -> Text:
    """The stages of one pin laid end to end; ``width`` columns are ``longest_ms``."""
    bar, passed_ms, drawn = Text(), 0.0, 0
    for stage in STAGES:
        passed_ms += outcome.stages_ms.get(stage, 0.0)
        columns = round(passed_ms / longest_ms * width) - drawn
        bar.append("━" * columns, style=_COLOURS[stage])
        drawn += columns
    return bar


def legend() -> Text:
    return Text.assemble("  ", *[(f"━ {stage}  ", style) for stage, style in _COLOURS.items()])
