"""``python -m streams dead-letters``: list, show, replay and drop events that could not be indexed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from pinstream.cli.durations import parse_time_ms
from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, kafka_connection
from pinstream.cli.results import JsonOption, YesOption
from pinstream.cli.screen import print_error, progress_bars
from pinstream.cli.unreachable import exit_if_unreachable
from pinstream.clock import now_ms
from pinstream.kafka.connection import Connection
from streams.dead_letters import detail, view
from streams.dead_letters.replay import DeadLetterReplay
from streams.dead_letters.store import DeadLetterFilter, DeadLetterStore
from streams.dead_letters.topic import DeadLetterTopic

ReasonOption = Annotated[
    list[str] | None,
    typer.Option(
        "--reason",
        metavar="NAME",
        help="Only those of this stage or exception class, such as fetch or FetchRefused; repeatable.",
    ),
]
SinceOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only those written since TIME: 2h ago, or 2026-11-23T20:00.")
]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Only those written before TIME.")]
PinOption = Annotated[
    list[str] | None, typer.Option("--pin", metavar="PIN", help="Only those of this pin; repeatable.")
]

app = typer.Typer(
    rich_markup_mode="markdown",
    no_args_is_help=True,
    help="List, show, replay and drop events that could not be indexed.",
)


@app.command("ls")
def list_dead_letters(  # noqa: PLR0913 (each is an option)
    *,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    pin: PinOption = None,
    handled: Annotated[bool, typer.Option("--all", help="Include those that were replayed or dropped.")] = False,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="List the N newest; 0 lists all.")] = 50,
    as_json: JsonOption = False,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """List the dead letters that were not replayed or dropped, the newest first, and count them by reason.

    Exit status 0: listed, even if there are none. 2: wrong usage. 3: Kafka does not answer.
    """
    wanted = _filter(reason, since, until, pin, handled=handled)
    with _open(kafka_connection(kafka, config, topic_prefix), wanted) as (topic, store):
        found, counts = store.select(wanted, limit=limit or None), store.counts(wanted)
        if as_json:
            view.print_list_json(found, counts)
        else:
            view.print_list(found, counts, total=store.total(wanted), topic=topic.name)


@app.command()
def show(
    pin: Annotated[str, typer.Argument(metavar="PIN", help="A pin id, or the record's key if that is no pin id.")],
    *,
    every: Annotated[
        bool, typer.Option("--all", help="All dead letters of the pin, handled ones too, instead of the last.")
    ] = False,
    as_json: JsonOption = False,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Show the last dead letter of a pin: headers, value, stack trace.

    Exit status 0: shown. 1: the pin has none. 2: wrong usage. 3: Kafka does not answer.
    """
    wanted = DeadLetterFilter(pins=(pin,), handled=True)
    with _open(kafka_connection(kafka, config, topic_prefix), wanted) as (topic, store):
        chosen = {each.position: each for each in store.select(wanted, limit=None if every else 1)}
        found = [
            (chosen[record.partition, record.offset], record) for record in topic.read_records(list(chosen.values()))
        ]
        if not found:
            print_error(f"{topic.name} holds no dead letter of {pin}")
            raise typer.Exit(1)
        detail.print_dead_letters(sorted(found, key=lambda each: each[0].at_ms), as_json=as_json)


@app.command()
def replay(  # noqa: PLR0913 (each is an option)
    *,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    pin: PinOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every dead letter of a pin, not only that of its greatest version.")
    ] = False,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Publish to the backfill lane, whichever lane they came from.")
    ] = False,
    yes: YesOption = False,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Publish the events of dead letters again, unchanged, to the lane they came from.

    Key, value, headers and timestamp are the event's own; the header pinstream-replays counts the replays. Events
    whose pins were indexed or deleted since, at that version or a newer one, are left alone. Safe to repeat: the worker
    writes nothing for a version that is indexed already.

    Exit status 0: everything was replayed (or, without --yes, listed). 1: some were not: they have expired, came from
    an unknown lane or hold no event, or a newer event of the pin came meanwhile or is in the other lane. 2: wrong
    usage. 3: Kafka does not answer.
    """
    wanted = _filter(reason, since, until, pin)
    connection = kafka_connection(kafka, config, topic_prefix)
    with _open(connection, wanted) as (topic, store):
        replays = DeadLetterReplay(connection, topic, store)
        if store.total(wanted):
            with progress_bars("read") as start_bar:
                replays.read_newer_versions(start_bar=start_bar)
        lane = replays.lanes[1] if backfill else None
        # Planned twice, to be shown and to be run: a list of plans could be larger than memory.
        decisions = view.print_plan(replays.plan(wanted, every=every, lane=lane), topic.name, done=yes)
        not_replayed = 0
        if yes and decisions.total():
            with progress_bars("handled") as start_bar:
                advance = start_bar("dead letters", decisions.total())
                not_replayed = replays.run(replays.plan(wanted, every=every, lane=lane), advance=advance)
        if not_replayed:
            print_error(
                f"{view.dead_letter_count(not_replayed)} not replayed: expired meanwhile, or a newer event of the pin"
                " is in the lane"
            )
        raise typer.Exit(1 if not_replayed or decisions["unknown_lane"] or decisions["no_event"] else 0)


@app.command()
def drop(  # noqa: PLR0913 (each is an option)
    *,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    pin: PinOption = None,
    yes: YesOption = False,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Take dead letters off the list without a replay; the topic keeps them until they expire.

    Exit status 0: dropped (or, without --yes, listed). 2: wrong usage. 3: Kafka does not answer.
    """
    wanted = _filter(reason, since, until, pin)
    with _open(kafka_connection(kafka, config, topic_prefix), wanted) as (topic, store):
        total = store.total(wanted)
        if yes and total:
            with progress_bars("dropped") as start_bar:
                topic.drop(store.select(wanted), advance=start_bar("dead letters", total))
        view.print_drop(total, store.counts(wanted), topic.name, done=yes)


def _filter(
    reason: list[str] | None, since: str | None, until: str | None, pin: list[str] | None, *, handled: bool = False
) -> DeadLetterFilter:
    asked_at_ms = now_ms()
    return DeadLetterFilter(
        reasons=tuple(reason or ()),
        since_ms=None if since is None else parse_time_ms(since, now_ms=asked_at_ms),
        until_ms=None if until is None else parse_time_ms(until, now_ms=asked_at_ms),
        pins=tuple(pin or ()),
        handled=handled,
    )


@contextmanager
def _open(connection: Connection, wanted: DeadLetterFilter) -> Iterator[tuple[DeadLetterTopic, DeadLetterStore]]:
    """The topic, and a store of all its dead letters since the filter's beginning."""
    topic = DeadLetterTopic(connection)
    with exit_if_unreachable(), DeadLetterStore() as store:
        with progress_bars("read") as start_bar:
            topic.read_into(store, since_ms=wanted.since_ms, start_bar=start_bar)
        yield topic, store
