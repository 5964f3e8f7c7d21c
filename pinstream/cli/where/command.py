"""``pinstream where PIN``: where a pin is, on one screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, kafka_connection
from pinstream.cli.local_stack import stack_endpoint
from pinstream.cli.milvus_options import EmbeddingVersionOption, MilvusOption, PinArgument, TokenOption, open_index
from pinstream.cli.results import JsonOption, print_json
from pinstream.cli.screen import progress_bar
from pinstream.cli.where.pin_sources import (
    PinSources,
    StartReading,
    ask_group,
    ask_watch,
    find_dead_letter,
    read_topics,
)
from pinstream.cli.where.pin_status import PinStatus
from pinstream.cli.where.view import print_status
from pinstream.kafka.connection import Connection
from pinstream.kafka.errors import KafkaUnreachable
from pinstream.kafka.last_records import Advance
from pinstream.standing import accounts_for
from pinstream.store.collection import EMBEDDING_VERSION

_GROUP: Final = "pinstream"

WatchOption = Annotated[
    str | None,
    typer.Option(
        "--watch",
        metavar="URL",
        envvar="PINSTREAM_WATCH",
        help="Ask the watch first: it knows pins that are waiting and those of the last hour.",
    ),
]
GroupOption = Annotated[
    str,
    typer.Option(
        "--group",
        metavar="NAME",
        envvar=["PINSTREAM_GROUP", "PINSTREAM_KAFKA__GROUP"],
        help="The workers' consumer group.",
    ),
]
ForOption = Annotated[float, typer.Option("--for", min=1, metavar="S", help="Stop reading the topics after S seconds.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhereQuery:
    """Which pin is asked for, and what to ask: the watch at this URL, the consumer group, the topics for this time."""

    pin: str
    watch: str | None
    group: str
    read_for_s: float


def where(  # noqa: PLR0913 (each is an option)
    pin: PinArgument,
    *,
    as_json: JsonOption = False,
    watch: WatchOption = None,
    group: GroupOption = _GROUP,
    read_for: ForOption = 30.0,
    milvus: MilvusOption = None,
    token: TokenOption = None,
    embedding_version: EmbeddingVersionOption = EMBEDDING_VERSION,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Show where a pin is: its event, its outcome, its rows in the index, and whether a search finds it now.

    Reads the pin's partition of each topic, newest records first. Without Kafka it shows what the index has.
    Exit status 0: a search finds the pin. 1: no search finds it (the reason is shown), or Milvus does not answer.
    2: wrong usage.
    """
    with open_index(milvus, token, embedding_version) as index:
        trace = index.trace(pin)
    found = PinSources()
    asked = False
    if kafka or stack_endpoint("kafka"):
        try:
            with _reading_bars() as start:
                query = WhereQuery(pin=pin, watch=watch, group=group, read_for_s=read_for)
                _ask(query, kafka_connection(kafka, config or [], topic_prefix), found, start)
            asked = True
        except KafkaUnreachable as exc:
            found.notes.append(str(exc))
    else:
        asked = bool(watch) and ask_watch(watch or "", pin, found)
        if not asked:
            found.notes.append("no Kafka was given: see --kafka")
    status = PinStatus(
        trace=trace,
        event=found.event,
        fault=found.fault,
        outcome=found.outcome,
        queue=found.queue,
        dead_letter=found.dead_letter,
        asked_for_event=asked,
        sources=tuple(found.sources),
        notes=tuple(found.notes),
    )
    if as_json:
        print_json(status.as_json())
    else:
        print_status(status, Console(highlight=False))
    raise typer.Exit(0 if trace.found else 1)


def _ask(query: WhereQuery, connection: Connection, found: PinSources, start: StartReading) -> None:
    """Ask the watch, and read the topics if it does not know the pin."""
    pin, for_s = query.pin, query.read_for_s
    if not (query.watch and ask_watch(query.watch, pin, found)):
        read_topics(connection, pin, found, for_s=for_s, start=start)
    outcome, event = found.outcome, found.event
    if outcome is not None and outcome.outcome == "dead":
        find_dead_letter(connection, outcome, found, for_s=for_s, start=start)
    if event is not None and not accounts_for(outcome, event):
        found.queue = ask_group(connection, query.group, event)


@contextmanager
def _reading_bars() -> Iterator[StartReading]:
    """A progress bar on standard error for each topic."""
    with progress_bar("offsets") as bars:
        yield lambda name: _bar(bars, name)


def _bar(bars: Progress, name: str) -> Advance:
    task = bars.add_task(name, total=None)

    def advance(done: int, total: int) -> None:
        bars.update(task, completed=done, total=total)

    return advance
