"""``pinstream where PIN``: one screen that ends the question."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, connection
from pinstream.cli.local_stack import stack_endpoint
from pinstream.cli.milvus_options import EmbeddingVersionOption, MilvusOption, TokenOption
from pinstream.cli.results import JsonOption, print_json
from pinstream.cli.screen import progress_bar
from pinstream.cli.search import PinArgument, open_index
from pinstream.cli.where.pin_sources import Look, PinSources, ask_group, ask_watch, find_letter, read_topics
from pinstream.cli.where.pin_status import PinStatus
from pinstream.cli.where.view import show
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
        help="Ask `python -m streams watch` first: fast, for what is owed and what was settled in the last hour.",
    ),
]
GroupOption = Annotated[
    str,
    typer.Option(
        "--group", metavar="NAME", envvar=["PINSTREAM_GROUP", "PINSTREAM_KAFKA__GROUP"], help="The workers' group."
    ),
]
ForOption = Annotated[float, typer.Option("--for", min=1, metavar="S", help="Read the topics so long at most.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhereQuery:
    """What is asked of Kafka and the watch."""

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
    """Say where a pin is: its event, what became of it, its rows in the index, and whether a search finds it now.

    Reads the pin's own partition of each topic, newest records first. Without Kafka it tells what the index holds.
    Exit status 0: a search finds the pin. 1: none does (the reason is shown), or Milvus is away. 2: wrong usage.
    """
    with open_index(milvus, token, embedding_version) as index:
        trace = index.trace(pin)
    traces = PinSources()
    asked = False
    if kafka or stack_endpoint("kafka"):
        try:
            with _looking() as look:
                question = WhereQuery(pin=pin, watch=watch, group=group, read_for_s=read_for)
                _asked(question, connection(kafka, config or [], topic_prefix), traces, look)
            asked = True
        except KafkaUnreachable as exc:
            traces.notes.append(str(exc))
    else:
        asked = bool(watch) and ask_watch(watch or "", pin, traces)
        if not asked:
            traces.notes.append("no Kafka was named")
    told = PinStatus(
        trace=trace,
        event=traces.event,
        fault=traces.fault,
        outcome=traces.outcome,
        queue=traces.queue,
        dead_letter=traces.dead_letter,
        asked_kafka=asked,
        sources=tuple(traces.sources),
        notes=tuple(traces.notes),
    )
    if as_json:
        print_json(told.as_json())
    else:
        show(told, Console(highlight=False))
    raise typer.Exit(0 if trace.found else 1)


def _asked(question: WhereQuery, to: Connection, traces: PinSources, look: Look) -> None:
    """Fill ``traces``: from the watch where it knows the pin, else from the topics."""
    pin, for_s = question.pin, question.read_for_s
    if not (question.watch and ask_watch(question.watch, pin, traces)):
        read_topics(to, pin, traces, for_s=for_s, look=look)
    outcome, event = traces.outcome, traces.event
    if outcome is not None and outcome.outcome == "dead":
        find_letter(to, outcome, traces, for_s=for_s, look=look)
    if event is not None and not accounts_for(outcome, event):
        traces.queue = ask_group(to, question.group, event)


@contextmanager
def _looking() -> Iterator[Look]:
    """Bars on standard error while partitions are read, for whoever waits at a terminal."""
    with progress_bar("offsets") as bars:
        yield lambda name: _bar(bars, name)


def _bar(bars: Progress, name: str) -> Advance:
    task = bars.add_task(name, total=None)

    def advance(done: int, total: int) -> None:
        bars.update(task, completed=done, total=total)

    return advance
