"""``python -m streams dead-letters``: list, show, replay and drop what could not be indexed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

import typer

from pinstream.cli.durations import parse_time_ms
from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, connection
from pinstream.cli.screen import print_error, progress_bars
from pinstream.clock import now_ms
from pinstream.kafka.connection import KafkaUnreachable
from streams.dead_letters import view
from streams.dead_letters.replay import DeadLetterTopic
from streams.dead_letters.store import DeadLetterFilter, DeadLetterStore

AWAY: Final = 3

ReasonOption = Annotated[
    list[str] | None,
    typer.Option(
        "--reason", metavar="NAME", help="Stage or exception class, such as fetch or FetchRefused; repeatable."
    ),
]
SinceOption = Annotated[str | None, typer.Option(metavar="TIME", help="Not before: 2h ago, or 2026-11-23T20:00.")]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Before.")]
PinOption = Annotated[list[str] | None, typer.Option("--pin", metavar="PIN", help="Of this pin; repeatable.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it; else only say what would be done.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object, nothing else.")]

app = typer.Typer(no_args_is_help=True, help=__doc__)


@app.command("ls")
def list_letters(  # noqa: PLR0913 (each is an option)
    *,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    pin: PinOption = None,
    handled: Annotated[bool, typer.Option("--all", help="Those too that were replayed or dropped.")] = False,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="List so many, the newest; 0: all.")] = 50,
    as_json: JsonOption = False,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """List open dead letters, the newest first, and count them by reason.

    Exit status 0, whether there are any or not. 2: wrong usage. 3: Kafka is away.
    """
    wanted = _wanted(reason, since, until, pin, handled=handled)
    with _office(kafka, config, topic_prefix) as (office, box):
        _sort(office, wanted)
        letters = box.letters(wanted, limit=limit or None)
        if as_json:
            view.print_json(letters, box.counts(wanted))
        else:
            view.print_table(letters, box.counts(wanted), total=box.total(wanted), topic=office.topic)


@app.command()
def show(
    pin: Annotated[str, typer.Argument(metavar="PIN", help="A pin id, or whatever the record's key is.")],
    *,
    every: Annotated[bool, typer.Option("--all", help="All its letters, handled ones too, not only the last.")] = False,
    as_json: JsonOption = False,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Show a pin's last dead letter whole: headers, value, stack trace.

    Exit status 0: shown. 1: there is none. 2: wrong usage. 3: Kafka is away.
    """
    wanted = DeadLetterFilter(pins=(pin,), handled=True)
    with _office(kafka, config, topic_prefix) as (office, box):
        _sort(office, wanted)
        chosen = {
            (letter.partition, letter.offset): letter for letter in box.letters(wanted, limit=None if every else 1)
        }
        found = [(chosen[record.partition, record.offset], record) for record in office.fetch(list(chosen.values()))]
        if not found:
            print_error(f"{office.topic} holds no letter of {pin}")
            raise typer.Exit(1)
        view.print_whole(sorted(found, key=lambda each: each[0].at_ms), as_json=as_json)


@app.command()
def replay(  # noqa: PLR0913 (each is an option)
    *,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    pin: PinOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every letter of a pin, not only that of its last version.")
    ] = False,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="To the backfill lane, wherever they came from.")
    ] = False,
    yes: YesOption = False,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Publish events of dead letters again, as they were, to the lane they came from.

    Key, value, headers and timestamp are the event's own; the header pinstream-replays counts. A pin that has been
    indexed or deleted since, at that version or a newer one, is left alone. Safe to repeat: the worker's fence
    makes a second replay an event that changes nothing.

    Exit status 0: all done (or, without --yes, said). 1: some were gone, came from a lane unknown here, hold no
    event, or were left alone, for newer events of their pins came meanwhile or lie in the other lane. 2: wrong usage.
    3: Kafka is away.
    """
    wanted = _wanted(reason, since, until, pin)
    with _office(kafka, config, topic_prefix) as (office, box):
        _sort(office, wanted)
        if box.total(wanted):
            with progress_bars("read") as steps:
                office.look_up(steps=steps)
        lane = office.lanes[1] if backfill else None
        seen = view.print_plan(office.plan(wanted, each=every, lane=lane), office.topic, done=yes)
        gone = 0
        if yes and seen.total():
            with progress_bars("done with") as steps:
                advance = steps("letters", seen.total())
                gone = office.replay(office.plan(wanted, each=every, lane=lane), advance=advance)
        if gone:
            letters = "1 letter was" if gone == 1 else f"{gone:,} letters were"
            print_error(f"{letters} not replayed: gone by now, or newer events of their pins are in the lane")
        raise typer.Exit(1 if gone or seen["stranger"] or seen["without"] else 0)


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
    """Take dead letters off the list, without another try; the topic keeps them until they expire.

    Exit status 0: done (or, without --yes, said). 2: wrong usage. 3: Kafka is away.
    """
    wanted = _wanted(reason, since, until, pin)
    with _office(kafka, config, topic_prefix) as (office, box):
        _sort(office, wanted)
        count = box.total(wanted)
        if yes and count:
            with progress_bars("dropped") as steps:
                office.drop(box.letters(wanted), advance=steps("letters", count))
        view.print_drop(count, box.counts(wanted), office.topic, done=yes)


def _wanted(
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
def _office(
    kafka: str | None, config: list[str] | None, topic_prefix: str
) -> Iterator[tuple[DeadLetterTopic, DeadLetterStore]]:
    try:
        with DeadLetterStore() as box:
            yield DeadLetterTopic(connection(kafka, config, topic_prefix), box), box
    except KafkaUnreachable as exc:
        print_error(str(exc))
        raise typer.Exit(AWAY) from exc


def _sort(office: DeadLetterTopic, wanted: DeadLetterFilter) -> None:
    with progress_bars("read") as steps:
        office.sort(since_ms=wanted.since_ms, steps=steps)
