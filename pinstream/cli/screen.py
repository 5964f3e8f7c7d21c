"""Errors and progress, on standard error; results go to standard output."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

MAX_PRINTED: Final = 20
"""How many errors of a kind are printed; the rest are counted."""

screen: Final = Console(stderr=True, highlight=False)


def print_error(text: str) -> None:
    """Print the text in red, without wrapping it or reading it as markup."""
    screen.print(Text(text, style="red"), soft_wrap=True)


def progress_bar(verb: str) -> Progress:
    """A bar that shows how many items have been ``verb``, such as "published"."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(verb),
        TimeElapsedColumn(),
        console=screen,
    )


AdvanceBar = Callable[[int], None]
StartBar = Callable[[str, int], AdvanceBar]
"""Called with a description and the number of items; returns what to call with each number of items done."""


@contextmanager
def progress_bars(verb: str) -> Iterator[StartBar]:
    """Several bars, one below the other; work without items gets none."""
    with progress_bar(verb) as bar:

        def start(description: str, total: int) -> AdvanceBar:
            if not total:
                return lambda items: None
            row = bar.add_task(description, total=total)
            return lambda items: bar.advance(row, items)

        yield start
