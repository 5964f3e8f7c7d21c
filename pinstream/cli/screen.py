"""What a person sees meanwhile, on standard error; results go to standard output."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

MAX_PRINTED: Final = 20
"""So many complaints of a kind are printed in full, the rest is only counted."""

screen: Final = Console(stderr=True, highlight=False)


def print_error(text: str) -> None:
    """One line in red, never broken, with nothing in it taken for markup."""
    screen.print(Text(text, style="red"), soft_wrap=True)


def progress_bar(verb: str) -> Progress:
    """A bar that counts what has been ``verb``."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(verb),
        TimeElapsedColumn(),
        console=screen,
    )


Step = Callable[[int], None]
Steps = Callable[[str, int], Step]
"""Told of a piece of work and how long it is, gives whom to tell of each step."""


@contextmanager
def progress_bars(verb: str) -> Iterator[Steps]:
    """Bars one below the other, one for each piece of work that has any length."""
    with progress_bar(verb) as bar:

        def steps(what: str, total: int) -> Step:
            if not total:
                return lambda step: None
            task = bar.add_task(what, total=total)
            return lambda step: bar.advance(task, step)

        yield steps
