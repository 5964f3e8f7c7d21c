"""The result in the terminal: pins like one of them, freshness, and the paths of the files."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from deploy.demo.result.examples import ExamplePin
from deploy.demo.result.figures import Figures, rounded
from deploy.demo.result.tally import RunVerdict
from pinstream.cli.durations import format_age
from pinstream.cli.watch.freshness import Spread
from pinstream.events import STAGE_MEANINGS

_SHOWN_REFUSALS = 5


def example(shown: ExamplePin) -> RenderableType:
    """The pins like this one, and for each of its objects the objects like that."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("  related pin", no_wrap=True)
    table.add_column("distance", justify="right")
    table.add_column("age", justify="right")
    table.add_column("pin id", style="dim", no_wrap=True)
    for related in shown.related:
        hit = related.hit
        table.add_row(Text(f"  {related.name}"), str(hit.distance), format_age(hit.age_s), Text(hit.pin_id))
    lines: list[RenderableType] = [
        Text.assemble(("Which pins are like ", "bold"), (shown.title, "bold red"), (f"   {shown.pin_id}", "dim")),
        Text(),
        table if shown.related else Text("  nothing like it has been published", style="dim"),
        Text(),
    ]
    for each in shown.objects:
        similar = ", ".join(f"{found.name} ({found.hit.distance})" for found in each.similar[:3]) or "nothing yet"
        label = ((each.label, "bold"), (f" {each.score:.2f}", "dim"))
        lines.append(Text.assemble("  objects like its ", *label, f": {similar}"))
    return Group(*lines)


def freshness(figures: Figures) -> RenderableType:
    """Percentiles of every stage and of freshness."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", title="Freshness, ms", title_justify="left")
    table.title_style = "bold"
    for name in ("", "p50", "p95", "p99", "max", ""):
        table.add_column(name, justify="right" if name else "left", no_wrap=bool(name))
    for stage, values in figures.stages_ms.items():
        table.add_row(f"  {stage}", *_numbers(values), Text(STAGE_MEANINGS[stage], style="dim"))
    if figures.freshness_ms:
        meaning = Text("published to found by a search", style="dim not bold")
        table.add_row("  freshness", *_numbers(figures.freshness_ms), meaning, style="bold")
    return table


def closing(figures: Figures, verdict: RunVerdict, *, first_pin_s: float | None) -> Iterable[Text]:
    """Whether every pin was accounted for, and how quick the start was."""
    counts = f"{_count(figures.pins, 'pin')} published: {figures.indexed} found, {figures.dead} dead"
    if verdict.is_good:
        objects = _count(figures.objects, "object")
        yield Text.assemble(("✔ ", "green"), f"{counts}; every one accounted for, {objects}.")
    else:
        yield Text.assemble(("✘ ", "red"), (f"{counts}; not every one accounted for:", "bold"))
        yield from (Text(f"  {complaint}", style="red") for complaint in verdict.complaints)
    for pin_id, reason in list(verdict.refused.items())[:_SHOWN_REFUSALS]:
        yield Text.assemble(("  dead letter ", "yellow"), f"{pin_id}: {reason}")
    if len(verdict.refused) > _SHOWN_REFUSALS:
        yield Text(f"  and {len(verdict.refused) - _SHOWN_REFUSALS} more dead letters", style="yellow")
    if first_pin_s is not None:
        yield Text(f"  first pin found {first_pin_s:.1f} s after the start")


def next_steps() -> Text:
    """What to try after the demo."""
    return Text.assemble(
        ("\nWhat to try next\n", "bold"),
        '  your own pictures  make demo ARGS="--images ~/Pictures --pins 100"\n',
        "  your own Kafka     docs/quickstart.md, part 3, with PINSTREAM_KAFKA__SERVERS=HOST:PORT\n",
        "  your own program   docs/quickstart.md, part 4\n",
    )


def path_of(name: str, file: Path) -> Text:
    """The path of a file, as a link that some terminals open."""
    return Text.assemble(f"  {name:<14} ", (str(file), f"bold link {file.absolute().as_uri()}"))


def print_lines(console: Console, lines: Iterable[RenderableType]) -> None:
    """Print each; if the output is no terminal, paths and reasons are not cut."""
    for line in lines:
        console.print(line, soft_wrap=not console.is_terminal)


def _numbers(values: Spread) -> list[str]:
    return [f"{value:.1f}" for value in rounded(values).values()]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
