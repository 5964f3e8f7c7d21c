"""Single dead letters with headers, value and stack trace, on the screen and as JSON."""

import base64
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from rich.text import Text

from pinstream.cli.results import print_json, results_console
from pinstream.kafka.stored_record import StoredRecord
from streams.dead_letters.dead_letter import DeadLetter
from streams.dead_letters.view import WIDTH, as_json, plain, size
from streams.worker.finish.dead_letters import PREFIX, original_headers, worker_headers

_MAX_VALUE_CHARS: Final = 4_000
_MAX_TEXT_CHARS: Final = 200


def print_dead_letters(found: Sequence[tuple[DeadLetter, StoredRecord]], *, as_json: bool) -> None:
    if as_json:
        print_json([_as_json(dead_letter, record) for dead_letter, record in found])
        return
    console = results_console(width=WIDTH)
    for dead_letter, record in found:
        for line in _lines(dead_letter, record):
            console.print(line, soft_wrap=True)


def _as_json(dead_letter: DeadLetter, record: StoredRecord) -> dict[str, Any]:
    return as_json(dead_letter) | {
        "headers": [[name, None if value is None else _text(value)] for name, value in record.headers],
        "value_base64": None if record.value is None else base64.b64encode(record.value).decode(),
    }


def _lines(dead_letter: DeadLetter, record: StoredRecord) -> Iterator[Text]:
    at = datetime.fromtimestamp(dead_letter.at_ms / 1000).astimezone().isoformat(timespec="milliseconds")
    yield Text(f"{plain(dead_letter.pin)} version {dead_letter.version or '?'}, dead at {at}", style="bold")
    handled = f", {dead_letter.handled}" if dead_letter.handled else ""
    yield Text(f"record  {record.topic}[{dead_letter.partition}]@{dead_letter.offset}{handled}")
    replays = f"replayed {dead_letter.replays} times"
    yield Text(f"event   {dead_letter.event_position}, {size(dead_letter.size_bytes)}, {replays}")
    if dead_letter.left_out_bytes:
        yield Text(f"        too large for this topic: its {dead_letter.left_out_bytes:,} bytes are only at its source")
    yield Text(f"stage   {dead_letter.stage}" + (", an unexpected exception" if dead_letter.unexpected else ""))
    yield Text(f"reason  {dead_letter.error}: {plain(dead_letter.message)}", style="red")
    for name, value in original_headers(record.headers):
        yield Text(f"header  {name}: {_text(value)}")
    yield Text("value")
    yield from (Text("  " + line) for line in _value_lines(record.value))
    yield Text("stack trace")
    added = worker_headers(record.headers)
    trace = next((value for name, value in added if name == f"{PREFIX}exception.stacktrace"), b"")
    yield from (Text("  " + line, style="dim") for line in (trace or b"").decode("utf-8", "replace").splitlines())


def _value_lines(value: bytes | None) -> list[str]:
    """Indented JSON, or hexadecimal where it is no JSON; a long value is cut, and a last line says so."""
    if value is None:
        return ["none: a deletion"]
    try:
        shown = orjson.dumps(_shorten(orjson.loads(value)), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        shown = value[:_MAX_VALUE_CHARS].hex(" ")
    lines = shown[:_MAX_VALUE_CHARS].splitlines() or [""]
    if len(shown) > _MAX_VALUE_CHARS or len(value) > len(shown):
        lines.append(f"... ({len(value):,} bytes in all; --json has them)")
    return lines


def _shorten(parsed: Any) -> Any:
    """The same JSON with long texts, such as inline pictures, cut."""
    if isinstance(parsed, dict):
        return {key: _shorten(value) for key, value in parsed.items()}
    if isinstance(parsed, list):
        return [_shorten(value) for value in parsed]
    if isinstance(parsed, str) and len(parsed) > _MAX_TEXT_CHARS:
        return f"{parsed[:60]}... ({len(parsed):,} characters)"
    return parsed


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode("utf-8", "backslashreplace")
