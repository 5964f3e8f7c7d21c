"""``pinstream publish``: the pictures of a folder, or events as lines of JSON."""

import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, kafka_connection, require_kafka
from pinstream.cli.publish.drafts import Draft, RejectedDraft, drafts_in_lines, drafts_of_pictures, pictures_in
from pinstream.cli.publish.follow import follow, serve_until_interrupted
from pinstream.cli.publish.picture_server import ImageOf, PictureServer, image_at, image_from, inline
from pinstream.cli.publish.send import Pace, PublishCounts, send
from pinstream.cli.screen import MAX_PRINTED, print_error, progress_bar, screen
from pinstream.cli.watch.outcome_reader import OutcomeReader
from pinstream.kafka.connection import Connection
from pinstream.kafka.publishing.delivery import Delivery
from pinstream.lanes import Lane

STDIN: Final = "-"
INLINE_BELOW_BYTES: Final = 64 * 1024

ImagesOption = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, metavar="DIR", help="Publish the pictures below this folder."),
]
JsonlOption = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        allow_dash=True,
        metavar="FILE",
        help="Publish the events of this file, one a line, as JSON.",
    ),
]


@dataclass(frozen=True, slots=True)
class DraftSource:
    """What to publish, how many drafts at most, and the server of their pictures."""

    drafts: Iterable[Draft | RejectedDraft]
    total: int | None = None
    server: PictureServer | None = None


def publish(  # noqa: PLR0913 (each is an option)
    stdin: Annotated[
        str | None, typer.Argument(metavar="[-]", help="Publish the events of standard input, one a line, as JSON.")
    ] = None,
    *,
    images: ImagesOption = None,
    jsonl: JsonlOption = None,
    rate: Annotated[
        float | None,
        typer.Option(min=0.001, metavar="N", help="Publish N pins a second."),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, metavar="N", help="Stop after N pins.")] = None,
    domain: Annotated[
        Literal["web", "camera", "catalog"] | None,
        typer.Option(help="The domain of pictures (default: web), and of events that have none."),
    ] = None,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Publish on the backfill lane, which is served after the live one.")
    ] = False,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="Publish URLs below this one, where the folder is served already.")
    ] = None,
    inline_below: Annotated[
        int, typer.Option(min=0, metavar="BYTES", help="Put pictures of up to this size into the event.")
    ] = INLINE_BELOW_BYTES,
    serve: Annotated[
        bool,
        typer.Option(help="Serve larger pictures from this process, on 127.0.0.1; else all go into events."),
    ] = True,
    wait: Annotated[
        bool | None, typer.Option(help="Wait until every pin's outcome is known; default: if pictures are served.")
    ] = None,
    wait_at_most: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="Stop waiting after this time.")
    ] = None,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Publish pins: the pictures of a folder, or events as lines of JSON.

    Exit status 0: all were delivered (and with --wait: all have an outcome, and none is dead). 1: some were not.
    2: wrong usage.
    """
    if (images is not None) + (jsonl is not None) + (stdin is not None) != 1 or stdin not in (None, STDIN):
        raise typer.BadParameter("give exactly one of --images DIR, --jsonl FILE and -")
    connection = kafka_connection(kafka, config, topic_prefix)
    with ExitStack() as stack:
        if images is not None:
            inline_below_bytes = inline_below if serve else sys.maxsize
            source = _pictures(images, domain or "web", base_url, inline_below_bytes, stack)
        else:
            lines = sys.stdin.buffer if jsonl in (None, Path(STDIN)) else stack.enter_context(jsonl.open("rb"))
            source = DraftSource(drafts_in_lines(lines, domain=domain))
        if count is not None:
            source = DraftSource(islice(source.drafts, count), min(count, source.total or count), source.server)
        waits = wait if wait is not None else source.server is not None
        if source.server is not None:
            screen.print(_how_long_served(source.server, waits=waits), markup=False, soft_wrap=True)
        lane: Lane = "backfill" if backfill else "live"
        with require_kafka(connection):
            reader = stack.enter_context(OutcomeReader(connection)) if waits else None
            counts = PublishCounts(events={} if waits else None)
            _send(source, connection, lane, Pace(rate, sleep=time.sleep), counts)
        succeeded = _print_counts(counts, connection)
        if counts.stopped:
            pass
        elif reader is not None:
            timeout_s = float("inf") if wait_at_most is None else wait_at_most
            succeeded = follow(reader, counts.events or {}, timeout_s=timeout_s, server=source.server) and succeeded
        elif source.server is not None:
            serve_until_interrupted(source.server)
    raise typer.Exit(0 if succeeded else 1)


def _pictures(
    folder: Path, domain: str, base_url: str | None, inline_below_bytes: int, stack: ExitStack
) -> DraftSource:
    """The pictures of a folder as drafts; starts a server only if one of them is too large for its event."""
    pictures = pictures_in(folder)
    if not pictures:
        raise typer.BadParameter(f"--images {folder}: no .jpg, .jpeg, .png, .webp or .gif below it")
    server: PictureServer | None = None
    image_of: ImageOf = inline
    if base_url is not None:
        if not base_url.startswith(("http://", "https://")):
            raise typer.BadParameter(f"--base-url {base_url!r}: expected http://... or https://...")
        image_of = image_at(base_url, folder)
    elif any(picture.stat().st_size > inline_below_bytes for picture in pictures):
        server = stack.enter_context(PictureServer(folder))
        image_of = image_from(server, inline_below_bytes=inline_below_bytes)
    drafts = drafts_of_pictures(folder, pictures, domain=domain, image_of=image_of)
    return DraftSource(drafts, len(pictures), server)


def _how_long_served(server: PictureServer, *, waits: bool) -> str:
    """Said before anything is published: pictures on this machine are reachable only while this command runs."""
    pictures = f"larger pictures are served by this command at {server.address}, not from within their events"
    if not waits:
        return f"{pictures}: they stay reachable until Ctrl-C"
    return (
        f"{pictures}: they stay reachable until every outcome is known, and afterwards the page cannot show them. "
        "With --no-wait they stay reachable until Ctrl-C; --no-serve puts them into the events"
    )


def _send(source: DraftSource, connection: Connection, lane: Lane, pace: Pace, counts: PublishCounts) -> None:
    rejected = 0
    with progress_bar("delivered") as bar, connection.publisher(lane) as publisher:
        task = bar.add_task(f"to {publisher.topic}", total=source.total)

        def on_rejected(draft: RejectedDraft) -> None:
            nonlocal rejected
            rejected += 1
            if rejected <= MAX_PRINTED:
                print_error(f"{draft.where}: {draft.reason}")

        def on_delivery(delivery: Delivery) -> None:
            bar.advance(task, 0 if delivery.failed() else 1)

        send(publisher, source.drafts, counts, pace=pace, on_rejected=on_rejected, on_delivery=on_delivery)


def _print_counts(counts: PublishCounts, connection: Connection) -> bool:
    """Print how many events were delivered; returns whether all were."""
    parts = [f"{counts.delivered:,} delivered"]
    if counts.undelivered:
        parts.append(f"{len(counts.undelivered):,} not delivered")
    if counts.rejected:
        parts.append(f"{len(counts.rejected):,} refused")
    if counts.stopped:
        parts.append("stopped before the end")
    typer.echo(f"{', '.join(parts)} ({connection.address})")
    if counts.first_pins:
        more = counts.delivered - len(counts.first_pins)
        typer.echo(f"pins: {' '.join(counts.first_pins)}{f' and {more:,} more events' if more else ''}")
    for pin_id, reason in islice(counts.undelivered.items(), MAX_PRINTED):
        print_error(f"not delivered: {pin_id}: {reason}")
    return not (counts.undelivered or counts.rejected or counts.stopped)
