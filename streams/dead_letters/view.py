"""Lists of dead letters, and what a replay or drop does with them, on the screen and as JSON."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import typer
from rich.text import Text

from pinstream.cli.results import plain_table, results_console
from pinstream.cli.screen import MAX_PRINTED, print_error
from streams.dead_letters.dead_letter import DeadLetter
from streams.dead_letters.replay import Decision, ReplayPlan
from streams.dead_letters.store import ReasonCount

WIDTH: Final = 200
_CONTROLS: Final = dict.fromkeys((*range(32), *range(127, 160)), " ")
_NOT_DONE: Final = "nothing was done; repeat it with --yes"


def print_list(dead_letters: Iterable[DeadLetter], counts: Sequence[ReasonCount], *, total: int, topic: str) -> None:
    """One row each, then a table of reasons."""
    console = results_console(width=WIDTH)
    if not total:
        console.print(Text(f"no open dead letters on {topic}"), soft_wrap=True)
        return
    table = plain_table(("when", "pin", "stage", "reason", "event", "size", ""), right=("size",))
    for each in dead_letters:
        table.add_row(*map(Text, _cells(each)), style="dim" if each.handled else None)
    console.print(table)
    if table.row_count < total:
        console.print(Text(f"... and {total - table.row_count:,} more: --limit 0 lists all", style="dim"))
    title = f"{total:,} dead letters"
    reasons = plain_table(("stage", "reason", "dead letters", "pins"), right=("dead letters", "pins"), title=title)
    for count in counts:
        reasons.add_row(Text(count.stage), Text(count.kind), f"{count.dead_letters:,}", f"{count.pins:,}")
    console.print(reasons)


def print_list_json(dead_letters: Iterable[DeadLetter], counts: Sequence[ReasonCount]) -> None:
    """One object with ``counts`` and ``dead_letters``, written one by one: there may be millions."""
    out = sys.stdout
    out.write('{"counts":' + orjson.dumps([asdict(count) for count in counts]).decode() + ',"dead_letters":[')
    for number, each in enumerate(dead_letters):
        out.write(("," if number else "") + orjson.dumps(as_json(each)).decode())
    out.write("]}\n")


def print_plan(plans: Iterable[ReplayPlan], topic: str, *, done: bool) -> Counter[Decision]:
    """What a replay does, or would do; the number of each decision."""
    decisions: Counter[Decision] = Counter()
    lanes: Counter[str] = Counter()
    lines: list[str] = []
    for plan in plans:
        decisions[plan.decision] += 1
        if plan.decision == "replay":
            lanes[plan.topic] += 1
        if len(lines) < MAX_PRINTED:
            lines.append(_plan_line(plan))
    if not decisions:
        typer.echo(f"no open dead letters on {topic} match")
        return decisions
    for line in () if done else lines:
        typer.echo(line)
    verb = "replaying" if done else "would replay"
    by_lane = ", ".join(f"{count:,} to {lane}" for lane, count in lanes.items())
    typer.echo(f"{verb} {dead_letter_count(decisions['replay'])}" + (f": {by_lane}" if by_lane else ""))
    if decisions["obsolete"]:
        typer.echo(f"{decisions['obsolete']:,} left alone: their pins were indexed or deleted since")
    if decisions["newer_event"]:
        typer.echo(f"{decisions['newer_event']:,} left alone: the lane holds newer events of their pins, still waiting")
    if decisions["unknown_lane"]:
        print_error(
            f"{decisions['unknown_lane']:,} left alone: they came from topics that are no lanes here; --backfill"
            " publishes them to the backfill lane"
        )
    if decisions["no_event"]:
        print_error(
            f"{decisions['no_event']:,} left alone: their events were too large for the dead letter, or their headers"
            " cannot be read; `show` says where each event is. Publish those pins again"
        )
    if not done:
        typer.echo(_NOT_DONE)
    return decisions


def print_drop(total: int, counts: Sequence[ReasonCount], topic: str, *, done: bool) -> None:
    """What was dropped, or would be."""
    if not total:
        typer.echo(f"no open dead letters on {topic} match")
    elif done:
        typer.echo(f"{dead_letter_count(total)} dropped")
    else:
        for each in counts:
            typer.echo(f"{each.dead_letters:,} {each.stage} {each.kind}")
        typer.echo(f"would drop {dead_letter_count(total)}; {_NOT_DONE}")


def as_json(dead_letter: DeadLetter) -> dict[str, Any]:
    """All fields but the raw key, with the pin and the time as text."""
    at = datetime.fromtimestamp(dead_letter.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    fields = asdict(dead_letter)
    del fields["key"]
    return {"pin": dead_letter.pin, "at": at, **fields}


def dead_letter_count(count: int) -> str:
    return "1 dead letter" if count == 1 else f"{count:,} dead letters"


def plain(text: str) -> str:
    """Fit for a terminal: no line breaks, no control characters."""
    return text.translate(_CONTROLS)


def size(size_bytes: int) -> str:
    return f"{size_bytes:,} B" if size_bytes < 10_000 else f"{size_bytes / 1024:,.0f} KiB"


def _cells(dead_letter: DeadLetter) -> tuple[str, ...]:
    notes = [dead_letter.handled] if dead_letter.handled else []
    if dead_letter.replays:
        notes.append(f"replayed {dead_letter.replays}x before")
    return (
        datetime.fromtimestamp(dead_letter.at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        plain(dead_letter.pin),
        dead_letter.stage,
        plain(f"{dead_letter.kind}: {dead_letter.message}")[:120],
        dead_letter.event_position,
        size(dead_letter.size_bytes),
        ", ".join(notes),
    )


def _plan_line(plan: ReplayPlan) -> str:
    of = plan.dead_letter
    what = {
        "replay": f"to {plan.topic}",
        "obsolete": "left alone: indexed or deleted since",
        "newer_event": f"left alone: {plan.topic} holds a newer event of the pin",
        "unknown_lane": f"left alone: {plan.topic} is no lane here",
        "no_event": f"left alone: {_missing_part(of)} only at {of.event_position}",
    }[plan.decision]
    return f"{plain(of.pin)} version {of.version or '?'} ({of.stage}, {of.kind}): {what}"


def _missing_part(dead_letter: DeadLetter) -> str:
    if dead_letter.headers_unreadable:
        return "its headers cannot be read; they are"
    return f"its event of {dead_letter.left_out_bytes:,} bytes is"
