"""What a command prints on standard output: lines and tables for people, or one JSON object for programs."""

import sys
from collections.abc import Collection, Sequence
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it; without it the command only says what it would do.")]


def results_console(*, width: int) -> Console:
    """``width`` columns where standard output is no terminal, so that a row of a table stays one line."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else width)


def plain_table(headings: Sequence[str], *, right: Collection[str] = (), title: str | None = None) -> Table:
    """A table without borders; the columns of ``right`` are numbers."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in right else "left", overflow="fold")
    return table


def print_json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value).decode() + "\n")
