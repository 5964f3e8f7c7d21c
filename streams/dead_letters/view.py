"""Dead letters on the screen, and as JSON."""

import base64
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pinstream.cli.screen import MAX_PRINTED, print_error
from pinstream.events import Headers
from pinstream.kafka.stored_record import StoredRecord
from streams.dead_letters.dead_letter import DeadLetter
from streams.dead_letters.replay import Fate, ReplayPlan
from streams.dead_letters.store import ReasonCount
from streams.worker.finish.dead_letters import PREFIX, original_headers

_SHOWN_BYTES: Final = 4_000
_CONTROLS: Final = dict.fromkeys((*range(32), *range(127, 160)), " ")


def print_table(letters: Iterator[DeadLetter], counts: Sequence[ReasonCount], *, total: int, topic: str) -> None:
    """One row a letter, then how many say the same."""
    console = _console()
    if not total:
        console.print(Text(f"no open letters on {topic}"), soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("when", "pin", "stage", "reason", "event", "size", ""):
        table.add_column(heading, justify="right" if heading == "size" else "left", overflow="fold")
    listed = 0
    for letter in letters:
        listed += 1
        table.add_row(*(Text(cell) for cell in _cells(letter)), style="dim" if letter.handled else None)
    console.print(table)
    if listed < total:
        console.print(Text(f"... and {total - listed:,} more: --limit 0 lists all", style="dim"))
    console.print(_counts(counts, total))


def print_json(letters: Iterator[DeadLetter], counts: Sequence[ReasonCount]) -> None:
    """One object: ``letters`` and ``counts``, written as they come."""
    out = sys.stdout
    out.write('{"counts":' + orjson.dumps([asdict(count) for count in counts]).decode() + ',"letters":[')
    for number, letter in enumerate(letters):
        out.write(("," if number else "") + orjson.dumps(_fields(letter)).decode())
    out.write("]}\n")


def print_whole(found: Iterable[tuple[DeadLetter, StoredRecord]], *, as_json: bool) -> None:
    """Letters with everything in them."""
    if as_json:
        sys.stdout.write(orjson.dumps([_whole(letter, record) for letter, record in found]).decode() + "\n")
        return
    console = _console()
    for letter, record in found:
        for line in _lines(letter, record):
            console.print(line, soft_wrap=True)


def print_plan(plans: Iterator[ReplayPlan], topic: str, *, done: bool) -> Counter[Fate]:
    """What a replay does, or would do; counts of what."""
    fates: Counter[Fate] = Counter()
    lanes: Counter[str] = Counter()
    listed: list[str] = []
    for plan in plans:
        fates[plan.fate] += 1
        if plan.fate == "replay":
            lanes[plan.topic] += 1
        if len(listed) < MAX_PRINTED:
            listed.append(_planned(plan))
    if not fates:
        typer.echo(f"no open letters on {topic} match")
        return fates
    if not done:
        for line in listed:
            typer.echo(line)
    verb = "replaying" if done else "would replay"
    to = ", ".join(f"{count:,} to {lane}" for lane, count in lanes.items())
    typer.echo(f"{verb} {fates['replay']:,} letters" + (f": {to}" if to else ""))
    if fates["settled"]:
        typer.echo(f"{fates['settled']:,} left alone: their pins have been indexed or deleted since")
    if fates["replaced"]:
        typer.echo(f"{fates['replaced']:,} left alone: newer events of their pins are in the lane, not settled yet")
    if fates["stranger"]:
        print_error(
            f"{fates['stranger']:,} left alone: they came from topics that are no lanes here; --backfill takes them"
        )
    if fates["without"]:
        print_error(
            f"{fates['without']:,} left alone: they were too large to hold their events, which stay where `show` says; "
            "publish those pins again"
        )
    if not done:
        typer.echo("nothing was done: --yes does it")
    return fates


def print_drop(count: int, counts: Sequence[ReasonCount], topic: str, *, done: bool) -> None:
    """What was dropped, or would be."""
    if not count:
        typer.echo(f"no open letters on {topic} match")
        return
    if not done:
        for each in counts:
            typer.echo(f"{each.letters:,} {each.stage} {each.kind}")
    typer.echo(
        f"{count:,} letters dropped" if done else f"would drop {count:,} letters; nothing was done: --yes does it"
    )


def _console() -> Console:
    """Standard output; wide enough for a row a line where nobody looks at a terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def _cells(letter: DeadLetter) -> tuple[str, ...]:
    notes = [letter.handled] if letter.handled else []
    if letter.replays:
        notes.append(f"replayed {letter.replays}x before")
    return (
        datetime.fromtimestamp(letter.at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S"),
        _plain(letter.pin),
        letter.stage,
        _plain(f"{letter.kind}: {letter.message}")[:120],
        letter.place,
        _size(letter.size_bytes),
        ", ".join(notes),
    )


def _counts(counts: Sequence[ReasonCount], total: int) -> Table:
    title = f"{total:,} letters"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="dim")
    for heading in ("stage", "reason", "letters", "pins"):
        table.add_column(heading, justify="right" if heading in ("letters", "pins") else "left")
    for count in counts:
        table.add_row(Text(count.stage), Text(count.kind), f"{count.letters:,}", f"{count.pins:,}")
    return table


def _planned(plan: ReplayPlan) -> str:
    letter = plan.letter
    what = {
        "replay": f"to {plan.topic}",
        "settled": "left alone: settled since",
        "replaced": f"left alone: {plan.topic} holds a newer event of the pin",
        "stranger": f"left alone: {plan.topic} is no lane here",
        "without": f"left alone: its event of {letter.left_out_bytes:,} bytes is not in it, but at {letter.place}",
    }[plan.fate]
    return f"{_plain(letter.pin)} version {letter.version or '?'} ({letter.stage}, {letter.kind}): {what}"


def _lines(letter: DeadLetter, record: StoredRecord) -> Iterator[Text]:
    at = datetime.fromtimestamp(letter.at_ms / 1000).astimezone().isoformat(timespec="milliseconds")
    yield Text(f"{_plain(letter.pin)} version {letter.version or '?'}, dead at {at}", style="bold")
    yield Text(
        f"letter  {record.topic}[{letter.partition}]@{letter.offset}" + (f", {letter.handled}" * bool(letter.handled))
    )
    yield Text(f"event   {letter.place}, {_size(letter.size_bytes)}, replayed {letter.replays} times")
    if letter.left_out_bytes:
        yield Text(f"        too large for this topic: its {letter.left_out_bytes:,} bytes stay where it came from")
    yield Text(f"stage   {letter.stage}" + ", an exception that nobody foresaw" * letter.unexpected)
    yield Text(f"reason  {letter.error}: {_plain(letter.message)}", style="red")
    for name, value in original_headers(record.headers):
        yield Text(f"header  {name}: {_text(value)}")
    yield Text("value")
    yield from (Text("  " + line) for line in _value(record.value))
    yield Text("stack trace")
    trace = next((value for name, value in record.headers if name == f"{PREFIX}exception.stacktrace"), b"")
    yield from (Text("  " + line, style="dim") for line in (trace or b"").decode("utf-8", "replace").splitlines())


def _value(value: bytes | None) -> list[str]:
    """Indented JSON, else text, else hexadecimal; what is long is cut, and says so."""
    if value is None:
        return ["none: a deletion"]
    try:
        shown = orjson.dumps(_shortened(orjson.loads(value)), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        shown = value[:_SHOWN_BYTES].hex(" ")
    cut = len(shown) > _SHOWN_BYTES
    lines = shown[:_SHOWN_BYTES].splitlines() or [""]
    return [*lines, f"... ({len(value):,} bytes in all; --json has them)"] if cut or len(value) > len(shown) else lines


def _shortened(parsed: Any) -> Any:
    """Long texts, such as pictures, cut."""
    if isinstance(parsed, dict):
        return {key: _shortened(value) for key, value in parsed.items()}
    if isinstance(parsed, list):
        return [_shortened(value) for value in parsed]
    if isinstance(parsed, str) and len(parsed) > 200:
        return f"{parsed[:60]}... ({len(parsed):,} characters)"
    return parsed


def _whole(letter: DeadLetter, record: StoredRecord) -> dict[str, Any]:
    return _fields(letter) | {
        "headers": [[name, None if value is None else _text(value)] for name, value in _sorted(record.headers)],
        "value_base64": None if record.value is None else base64.b64encode(record.value).decode(),
    }


def _sorted(headers: Headers) -> Headers:
    return sorted(headers, key=lambda header: header[0].startswith(PREFIX))


def _fields(letter: DeadLetter) -> dict[str, Any]:
    shown = asdict(letter)
    at = datetime.fromtimestamp(letter.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return {"pin": letter.pin, "at": at, **{name: value for name, value in shown.items() if name not in ("key",)}}


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("utf-8", "backslashreplace")


def _plain(text: str) -> str:
    """Fit for a terminal: no line breaks, no control characters."""
    return text.translate(_CONTROLS)


def _size(size_bytes: int) -> str:
    return f"{size_bytes:,} B" if size_bytes < 10_000 else f"{size_bytes / 1024:,.0f} KiB"
