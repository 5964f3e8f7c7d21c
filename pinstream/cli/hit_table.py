"""Hits of a search as a table: as many columns as fit the terminal, and pin ids that are never wrapped or cut."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from pinstream.cli.durations import format_age
from pinstream.search.hits import Hit, SearchResult

_GAP: Final = 2
_MIN_TITLE: Final = 12


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cell: Callable[[Hit], str]
    is_number: bool = False
    may_be_cut: bool = False

    def width(self, hits: Sequence[Hit]) -> int:
        """Columns of the terminal that its longest cell takes."""
        return max(map(cell_len, (self.heading, *map(self.cell, hits))))


def table_width(found: SearchResult, *, terminal: int) -> int:
    """The terminal's width; more only where a pin id is wider than that."""
    return max(terminal, _COLUMNS[0].width(found.hits))


def hit_table(found: SearchResult, *, title: str, width: int) -> Table:
    """One line per hit, the same product and near-duplicates in green, in at most ``width`` columns of a terminal.

    Columns that would be empty are left out, and those that do not fit are named below the table.
    """
    widths, too_wide = _fit(found.hits, width)
    more = "that is all there is" if found.exhausted else "there are more"
    notes = [f"{len(found)} pictures; {more}"]
    if too_wide:
        notes.append(f"too wide for this terminal, but in --json: {', '.join(too_wide)}")
    shown = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim")
    shown.title, shown.title_justify = title, "left"
    shown.caption, shown.caption_justify = "\n".join(notes), "left"
    for column, cells in widths.items():
        shown.add_column(
            column.heading,
            justify="right" if column.is_number else "left",
            no_wrap=True,
            overflow="ellipsis",
            width=cells,
        )
    for hit in found:
        style = "green" if hit.near_duplicate or hit.same_product else None
        shown.add_row(*(Text(column.cell(hit)) for column in widths), style=style)
    return shown


def _fit(hits: Sequence[Hit], width: int) -> tuple[dict[_Column, int], list[str]]:
    """The width of each column that is shown, and the headings of those for which there is no room."""
    widths: dict[_Column, int] = {}
    too_wide: list[str] = []
    left = width
    for column in _COLUMNS:
        if not any(map(column.cell, hits)):
            continue
        gap, wanted = (_GAP if widths else 0), column.width(hits)
        needed = min(wanted, _MIN_TITLE) if column.may_be_cut else wanted
        if widths and gap + needed > left:
            too_wide.append(column.heading)
            continue
        widths[column] = needed
        left -= gap + needed
    whole = {column: column.width(hits) for column in widths if column.may_be_cut}
    for column, wanted in whole.items():
        widths[column] = min(wanted, widths[column] + max(left, 0))
    return widths, too_wide


def _match(hit: Hit) -> str:
    if hit.same_product:
        return "same product"
    return "near-duplicate" if hit.near_duplicate else ""


_COLUMNS: Final = (
    _Column("pin", lambda hit: hit.pin_id),
    _Column("object", lambda hit: str(hit.slot) if hit.slot else "", is_number=True),
    _Column("bits off", lambda hit: str(hit.distance), is_number=True),
    _Column("age", lambda hit: format_age(hit.age_s), is_number=True),
    _Column("match", _match),
    _Column("shows", lambda hit: hit.label),
    _Column(
        "price",
        lambda hit: "" if hit.price is None else f"{hit.price:.2f} {hit.currency}".rstrip(),
        is_number=True,
    ),
    _Column("title", lambda hit: " ".join(hit.title.split()), may_be_cut=True),
    _Column("similarity", lambda hit: f"{hit.similarity:.2f}", is_number=True),
    _Column("pins", lambda hit: str(hit.pins), is_number=True),
    _Column("domain", lambda hit: hit.domain),
    _Column("link", lambda hit: hit.link),
    _Column("box", lambda hit: " ".join(f"{edge:.2f}" for edge in hit.box) if hit.slot else ""),
)
"""The most useful first: where there is no room, the last ones are left out."""
