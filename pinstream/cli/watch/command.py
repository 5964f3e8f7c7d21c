"""``pinstream watch``: a line for each outcome, and how fresh pins were lately."""

import sys
from datetime import datetime
from itertools import islice
from typing import Annotated, Final

import typer
from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, kafka_connection, require_kafka
from pinstream.cli.results import print_json
from pinstream.cli.watch.freshness import FreshnessWindow
from pinstream.cli.watch.line_order import LineOrder
from pinstream.cli.watch.outcome_reader import OutcomeReader
from pinstream.events import STAGES, PinOutcome, Result

_POLL_S: Final = 0.5
_STYLES: Final[dict[Result, str]] = {
    "indexed": "green",
    "unchanged": "cyan",
    "deleted": "magenta",
    "superseded": "yellow",
    "dead": "bold red",
}


def watch(
    *,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the oldest outcome that Kafka holds.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line, and nothing else.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after N pins.")] = None,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Watch pins become searchable: a line for each, and percentiles of the last 1,000.

    Reads the outcomes from Kafka by itself; it does not need the watch (`python -m streams watch`).

    Freshness is the age of a pin when a search first found it, measured for a sample of the pins. Acknowledged is its
    age when its outcome was known. With --json a pin of the sample is printed twice: when it is acknowledged, and when
    it is found. Ends with Ctrl-C.
    """
    connection = kafka_connection(kafka, config, topic_prefix)
    try:
        with require_kafka(connection), OutcomeReader(connection, from_start=from_start) as reader:
            if as_json:
                _print_json(reader, limit)
            else:
                _show(reader, limit, connection.address)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _print_json(reader: OutcomeReader, limit: int | None) -> None:
    left = limit
    while left is None or left > 0:
        for outcome in islice(reader.read(_POLL_S), left):
            shown = outcome.model_dump(mode="json", exclude_none=True) | {"freshness_ms": outcome.freshness_ms}
            print_json(shown)
            left = left if left is None else left - 1
        sys.stdout.flush()


def _show(reader: OutcomeReader, limit: int | None, address: str) -> None:
    console = Console(highlight=False)
    window, lines, shown = FreshnessWindow(), LineOrder(), 0
    empty = Text(f"no outcome yet: waiting on {reader.topic} at {address} (is a worker running?)", style="dim")
    if not console.is_terminal:
        console.print(empty, soft_wrap=True)  # Live prints there only at the end
    with Live(empty if console.is_terminal else "", console=console, refresh_per_second=4) as live:
        while limit is None or shown < limit:
            outcomes = reader.read(_POLL_S)
            for outcome in outcomes:
                window.add(outcome)
            for outcome in islice(lines.take(outcomes), None if limit is None else limit - shown):
                console.print(line(outcome), soft_wrap=True)
                shown += 1
            if outcomes or reader.trouble:
                live.update(percentiles(window, unreadable=reader.unreadable, trouble=reader.trouble))


def line(outcome: PinOutcome) -> Text:
    """One pin: time, outcome, age and stages."""
    finished = datetime.fromtimestamp(outcome.finished_at_ms / 1000).astimezone()
    text = Text(finished.strftime("%H:%M:%S.%f")[:-3], style="dim")
    text.append(f" {outcome.outcome:<10}", style=_STYLES[outcome.outcome])
    text.append(f" {outcome.pin_id}", style="bold")
    if outcome.outcome in ("indexed", "unchanged"):
        text.append(f" {outcome.objects} {'object' if outcome.objects == 1 else 'objects'}")
    if outcome.freshness_ms is not None:
        what = "gone" if outcome.outcome == "deleted" else "found"
        text.append(f" {what} after {outcome.freshness_ms:,} ms", style="green")
    else:
        text.append(f" acknowledged after {outcome.finished_at_ms - outcome.published_at_ms:,} ms")
    spent = [f"{stage} {outcome.stages_ms[stage]:.1f}" for stage in STAGES if stage in outcome.stages_ms]
    if spent:
        text.append(f"  {' · '.join(spent)}", style="dim")
    if outcome.reason:
        text.append(f"  {outcome.reason}", style="red" if outcome.outcome == "dead" else "dim")
    return text


def percentiles(window: FreshnessWindow, *, unreadable: int = 0, trouble: str = "") -> RenderableType:
    title = f"{window.pins:,} pins, {window.dead:,} dead" + (f", {unreadable:,} unreadable" if unreadable else "")
    table = Table(
        title=title, title_justify="left", caption="milliseconds, the last 1,000 pins", caption_justify="left"
    )
    table.add_column("age or stage")
    for heading in ("pins", "p50", "p95", "p99", "max"):
        table.add_column(heading, justify="right")
    if trouble:
        table.caption = Text(f"Kafka does not answer: {trouble}", style="red")
    for spread in window.spreads():
        figures = (spread.p50_ms, spread.p95_ms, spread.p99_ms, spread.max_ms)
        table.add_row(spread.name, f"{spread.count:,}", *(f"{figure:,.1f}" for figure in figures))
    return table
