"""``pinstream publish``: pictures of a folder, or events as lines of JSON, onto Kafka."""

import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, connection, require_kafka
from pinstream.cli.publish.drafts import Draft, RejectedDraft, drafts_in_lines, drafts_of_pictures, pictures_in
from pinstream.cli.publish.follow import follow, serve_on
from pinstream.cli.publish.picture_server import ImageOf, PictureServer, below, inline, served
from pinstream.cli.publish.send import Pace, PublishCounts, send
from pinstream.cli.screen import MAX_PRINTED, print_error, progress_bar
from pinstream.cli.watch.outcome_reader import OutcomeReader
from pinstream.kafka.connection import Connection
from pinstream.kafka.publishing.delivery import Delivery
from pinstream.lanes import Lane

STDIN: Final = "-"
INLINE_BELOW_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class DraftSource:
    """What to publish, how many that is at most, and who serves its pictures meanwhile."""

    drafts: Iterable[Draft | RejectedDraft]
    total: int | None = None
    server: PictureServer | None = None


def publish(  # noqa: PLR0913 (each is an option)
    stdin: Annotated[str | None, typer.Argument(metavar="[-]", help="Read lines of JSON from standard input.")] = None,
    *,
    images: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, metavar="DIR", help="Publish every picture below this folder."),
    ] = None,
    jsonl: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, allow_dash=True, metavar="FILE", help="One PinEvent per line."),
    ] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, metavar="N", help="Pins per second; default: all.")] = None,
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after so many pins.")] = None,
    domain: Annotated[
        Literal["web", "camera", "catalog"] | None,
        typer.Option(help="Of pictures (default: web), and of lines that name none."),
    ] = None,
    backfill: Annotated[bool, typer.Option("--backfill", help="Use the lane that gives way to live pins.")] = False,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="The folder is served there already: no picture travels inside.")
    ] = None,
    inline_below: Annotated[
        int, typer.Option(min=0, metavar="BYTES", help="Pictures up to this size travel inside the event.")
    ] = INLINE_BELOW_BYTES,
    serve: Annotated[
        bool, typer.Option(help="Serve larger pictures from this process, on 127.0.0.1; else all travel inside.")
    ] = True,
    wait: Annotated[
        bool | None, typer.Option(help="Stay until each pin's outcome is known; default: if pictures are served.")
    ] = None,
    wait_at_most: Annotated[float | None, typer.Option(min=0, metavar="SECONDS", help="And then give up.")] = None,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Publish pins: pictures of a folder, or events as lines of JSON.

    Exit status 0: all were delivered (and, if waited for, settled and none dead). 1: some were not. 2: wrong usage.
    """
    if (images is not None) + (jsonl is not None) + (stdin is not None) != 1 or stdin not in (None, STDIN):
        raise typer.BadParameter("give exactly one of --images DIR, --jsonl FILE and -")
    to = connection(kafka, config, topic_prefix)
    with ExitStack() as open_things:
        if images is not None:
            larger_than = inline_below if serve else sys.maxsize
            source = _pictures(images, domain or "web", base_url, larger_than, open_things)
        else:
            lines = sys.stdin.buffer if jsonl in (None, Path(STDIN)) else open_things.enter_context(jsonl.open("rb"))
            source = DraftSource(drafts_in_lines(lines, domain=domain))
        if count is not None:
            source = DraftSource(islice(source.drafts, count), min(count, source.total or count), source.server)
        stays = wait if wait is not None else source.server is not None
        lane: Lane = "backfill" if backfill else "live"
        with require_kafka(to):
            reader = open_things.enter_context(OutcomeReader(to)) if stays else None
            tally = PublishCounts(versions={} if stays else None)
            _send(source, to, lane, Pace(rate, sleep=time.sleep), tally)
        good = _summarised(tally, to)
        if tally.stopped:
            pass
        elif reader is not None:
            timeout_s = float("inf") if wait_at_most is None else wait_at_most
            good = follow(reader, tally.versions or {}, timeout_s=timeout_s, server=source.server) and good
        elif source.server is not None:
            serve_on(source.server)
    raise typer.Exit(0 if good else 1)


def _pictures(
    folder: Path, domain: str, base_url: str | None, inline_below_bytes: int, open_things: ExitStack
) -> DraftSource:
    """The folder's pictures; a server is started only where some are too large to travel inside an event."""
    pictures = pictures_in(folder)
    if not pictures:
        raise typer.BadParameter(f"--images {folder}: no .jpg, .jpeg, .png, .webp or .gif below it")
    server: PictureServer | None = None
    image_of: ImageOf = inline
    if base_url is not None:
        if not base_url.startswith(("http://", "https://")):
            raise typer.BadParameter(f"--base-url {base_url!r}: expected http://... or https://...")
        image_of = below(base_url, folder)
    elif any(picture.stat().st_size > inline_below_bytes for picture in pictures):
        server = open_things.enter_context(PictureServer(folder))
        image_of = served(server, inline_below_bytes=inline_below_bytes)
    drafts = drafts_of_pictures(folder, pictures, domain=domain, image_of=image_of)
    return DraftSource(drafts, len(pictures), server)


def _send(source: DraftSource, to: Connection, lane: Lane, pace: Pace, tally: PublishCounts) -> None:
    problems = 0
    with progress_bar("delivered") as bar, to.publisher(lane) as publisher:
        task = bar.add_task(f"to {publisher.topic}", total=source.total)

        def on_problem(problem: RejectedDraft) -> None:
            nonlocal problems
            problems += 1
            if problems <= MAX_PRINTED:
                print_error(f"{problem.where}: {problem.reason}")

        def on_settled(delivery: Delivery) -> None:
            bar.advance(task, 0 if delivery.failed() else 1)

        send(publisher, source.drafts, tally, pace=pace, on_problem=on_problem, on_settled=on_settled)


def _summarised(tally: PublishCounts, to: Connection) -> bool:
    """Say what was delivered and what was not; whether that is everything."""
    parts = [f"{tally.delivered:,} delivered"]
    if tally.undelivered:
        parts.append(f"{len(tally.undelivered):,} not delivered")
    if tally.problems:
        parts.append(f"{len(tally.problems):,} refused")
    if tally.stopped:
        parts.append("stopped before the end")
    typer.echo(f"{', '.join(parts)} ({to.address})")
    for pin_id, reason in islice(tally.undelivered.items(), MAX_PRINTED):
        print_error(f"not delivered: {pin_id}: {reason}")
    return not (tally.undelivered or tally.problems or tally.stopped)
