"""After publishing: waits until the outcomes are known, or serves pictures until Ctrl-C."""

import time
from collections import Counter
from collections.abc import Mapping
from itertools import islice

import typer

from pinstream.cli.publish.picture_server import PictureServer
from pinstream.cli.screen import MAX_PRINTED, print_error, progress_bar, screen
from pinstream.cli.watch.outcome_reader import OutcomeReader, wait_for_outcomes
from pinstream.events import PinOutcome
from pinstream.standing import EventPosition


def follow(
    reader: OutcomeReader, events: Mapping[str, EventPosition], *, timeout_s: float, server: PictureServer | None
) -> bool:
    """Wait for an outcome of every event, and print them; returns whether all came in time, and none is dead."""
    if server is not None:
        screen.print(f"serving {_pictures(server)} until their outcomes are known; Ctrl-C to stop")
    found: dict[str, PinOutcome] = {}
    try:
        with progress_bar("outcomes") as bar:
            task = bar.add_task("waiting for a worker", total=len(events))

            def on_outcome(outcome: PinOutcome) -> None:
                found[outcome.pin_id] = outcome
                bar.update(task, advance=1, description=f"last: {outcome.outcome}")

            wait_for_outcomes(reader, events, timeout_s=timeout_s, on_outcome=on_outcome)
    except KeyboardInterrupt:
        screen.print("stopped")
    return _print_outcomes(found, missing=len(events) - len(found))


def serve_until_interrupted(server: PictureServer) -> None:
    """Keep the pictures reachable until Ctrl-C."""
    screen.print(f"serving {_pictures(server)} at {server.address}; Ctrl-C to stop")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        screen.print("stopped")


def _pictures(server: PictureServer) -> str:
    return "1 picture" if server.offered == 1 else f"{server.offered:,} pictures"


def _print_outcomes(found: dict[str, PinOutcome], *, missing: int) -> bool:
    counts = Counter(outcome.outcome for outcome in found.values())
    parts = [f"{count:,} {outcome}" for outcome, count in counts.items()]
    if missing:
        parts.append(f"{missing:,} without an outcome so far")
    typer.echo(", ".join(parts) or "nothing to wait for")
    dead = [outcome for outcome in found.values() if outcome.outcome == "dead"]
    for outcome in islice(dead, MAX_PRINTED):
        print_error(f"dead: {outcome.pin_id}: {outcome.reason}")
    return not dead and not missing
