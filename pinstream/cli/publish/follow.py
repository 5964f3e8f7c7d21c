"""After publishing: stay until the outcomes are known, or while others fetch pictures."""

import time
from collections.abc import Mapping
from itertools import islice

import typer

from pinstream.cli.publish.picture_server import PictureServer
from pinstream.cli.screen import MAX_PRINTED, print_error, progress_bar, screen
from pinstream.cli.watch.outcome_reader import OutcomeReader, wait_for_outcomes
from pinstream.events import PinOutcome


def follow(
    reader: OutcomeReader, versions: Mapping[str, int], *, timeout_s: float, server: PictureServer | None
) -> bool:
    """Whether every pin got an outcome at its version or above in time, and none is dead; says what became of them."""
    if server is not None:
        screen.print(f"serving {server.offered:,} pictures until their pins are settled; Ctrl-C to stop")
    found: dict[str, PinOutcome] = {}
    try:
        with progress_bar("settled") as bar:
            task = bar.add_task("waiting for a worker", total=len(versions))

            def each(outcome: PinOutcome) -> None:
                found[outcome.pin_id] = outcome
                bar.update(task, advance=1, description=f"last: {outcome.outcome}")

            wait_for_outcomes(reader, versions, timeout_s=timeout_s, each=each)
    except KeyboardInterrupt:
        screen.print("stopped")
    return _report(found, missing=len(versions) - len(found))


def serve_on(server: PictureServer) -> None:
    """Keep the pictures reachable until Ctrl-C."""
    screen.print(f"serving {server.offered:,} pictures at {server.address}; Ctrl-C to stop")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        screen.print("stopped")


def _report(found: dict[str, PinOutcome], *, missing: int) -> bool:
    kinds = [outcome.outcome for outcome in found.values()]
    counted = [f"{kinds.count(kind):,} {kind}" for kind in dict.fromkeys(kinds)]
    if missing:
        counted.append(f"{missing:,} without an outcome so far")
    typer.echo(", ".join(counted) or "nothing to wait for")
    dead = [outcome for outcome in found.values() if outcome.outcome == "dead"]
    for outcome in islice(dead, MAX_PRINTED):
        print_error(f"dead: {outcome.pin_id}: {outcome.reason}")
    return not dead and not missing
