"""The result in the terminal: what is like the pin, how fresh everything was, and where to look further."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from deploy.demo.result.exhibit import Exhibit, Thing
from deploy.demo.result.figures import Figures, Percentiles
from deploy.demo.result.tally import RunVerdict
from deploy.demo.result.thumbnail import half_blocks, thumbnail
from deploy.demo.screen.wording import age, count, explain

_TILE_COLUMNS = 18
_SHOWN_REFUSALS = 5


def likeness(exhibit: Exhibit, *, in_colour: bool, width: int) -> RenderableType:
    """The pins like this one, and for each of its objects the objects like that."""
    lines: list[RenderableType] = [
        Text.assemble(("Which pins are like ", "bold"), (exhibit.title, "bold red"), (f"   {exhibit.pin_id}", "dim")),
        Text(),
    ]
    if in_colour and exhibit.related:
        lines += [_tiles(exhibit, fitting=max(min(width // (_TILE_COLUMNS + 2), 5), 2)), Text()]
    lines += [_related(exhibit), Text(), *(_objects(thing) for thing in exhibit.things)]
    return Group(*lines)


def freshness(figures: Figures) -> RenderableType:
    """Percentiles of every stage and of the whole way."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", title="Freshness, ms", title_justify="left")
    table.title_style = "bold"
    for name in ("", "p50", "p95", "p99", "max", ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=bool(name))
    for stage, values in figures.stages_ms.items():
        table.add_row(f"  {stage}", *_numbers(values), Text(explain(stage), style="dim"))
    if figures.freshness_ms:
        said = Text("published to found by a search", style="dim not bold")
        table.add_row("  freshness", *_numbers(figures.freshness_ms), said, style="bold")
    return table


def closing(figures: Figures, verdict: RunVerdict, *, first_pin_s: float | None) -> Iterable[Text]:
    """Whether every pin was accounted for, and how quick the start was."""
    books = f"{count(figures.pins, 'pin')} published: {figures.indexed} found, {figures.dead} dead"
    if verdict.is_good:
        yield Text.assemble(("✔ ", "green"), f"{books}; every one accounted for, {count(figures.objects, 'object')}.")
    else:
        yield Text.assemble(("✘ ", "red"), (f"{books}; not every one accounted for:", "bold"))
        yield from (Text(f"  {complaint}", style="red") for complaint in verdict.complaints)
    for pin_id, reason in list(verdict.refused.items())[:_SHOWN_REFUSALS]:
        yield Text.assemble(("  dead letter ", "yellow"), f"{pin_id}: {reason}")
    if len(verdict.refused) > _SHOWN_REFUSALS:
        yield Text(f"  and {len(verdict.refused) - _SHOWN_REFUSALS} more dead letters", style="yellow")
    if first_pin_s is not None:
        yield Text(f"  first pin found {first_pin_s:.1f} s after the start")


def path_of(name: str, file: Path) -> Text:
    """Where a file is; a terminal that can, opens it at a click."""
    return Text.assemble(f"  {name:<14} ", (str(file), f"bold link {file.absolute().as_uri()}"))


def print_lines(console: Console, lines: Iterable[RenderableType]) -> None:
    """Print each, whole: a path or a reason is not cut where nobody watches."""
    for line in lines:
        console.print(line, soft_wrap=not console.is_terminal)


def _tiles(exhibit: Exhibit, *, fitting: int) -> RenderableType:
    near = exhibit.related[: fitting - 1]
    pictures = [thumbnail(file, size_px=4 * _TILE_COLUMNS) for file in (exhibit.file, *(like.file for like in near))]
    captions = ["the pin", *(f"distance {like.distance}" for like in near)]
    return half_blocks(pictures, captions, width=_TILE_COLUMNS)


def _related(exhibit: Exhibit) -> RenderableType:
    if not exhibit.related:
        return Text("  nothing like it has been published", style="dim")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name, side in (("  related pin", "left"), ("distance", "right"), ("age", "right"), ("pin id", "left")):
        table.add_column(name, justify="right" if side == "right" else "left", no_wrap=True)
    for like in exhibit.related:
        table.add_row(f"  {like.title}", str(like.distance), age(like.age_ms), Text(like.pin_id, style="dim"))
    return table


def _objects(thing: Thing) -> RenderableType:
    found = [f"{like.title or like.pin_id} ({like.distance})" for like in thing.similar[:3]]
    answer = ", ".join(found) if found else "nothing yet"
    return Text.assemble("  objects like its ", (thing.label, "bold"), (f" {thing.score:.2f}", "dim"), f": {answer}")


def _numbers(values: Percentiles) -> list[str]:
    return [f"{value:.1f}" for value in values.rounded().values()]
