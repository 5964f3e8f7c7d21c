"""``pinstream where PIN``: everything that the index knows of a pin, and what last became of it."""

import sys
import time
from dataclasses import dataclass
from typing import Any, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pinstream.cli.connection import ConfigOption, KafkaAway, KafkaOption, PrefixOption, connection, stack_endpoint
from pinstream.cli.milvus_options import EmbeddingVersionOption, MilvusOption, TokenOption
from pinstream.cli.outcomes import OutcomeReader
from pinstream.cli.search import JsonOption, PinArgument, age, opened
from pinstream.collection import EMBEDDING_VERSION, Row
from pinstream.events import PinOutcome
from pinstream.hits import PinTrace

_QUIET_S: Final = 2.0
_READ_FOR_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Last:
    """The last outcome on ``pins.indexed``, or why there is none to show."""

    outcome: PinOutcome | None
    note: str = ""


def where(  # noqa: PLR0913 (each is an option)
    pin: PinArgument,
    *,
    as_json: JsonOption = False,
    milvus: MilvusOption = None,
    token: TokenOption = None,
    embedding_version: EmbeddingVersionOption = EMBEDDING_VERSION,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Show a pin's rows in the index, whether a search finds it now, and its last outcome.

    Exit status 0: a search finds the pin. 1: none does (the reason is shown), or Milvus is away. 2: wrong usage.
    """
    with opened(milvus, token, embedding_version) as index:
        trace = index.trace(pin)
    last = _last_outcome(pin, kafka, config or [], topic_prefix)
    if as_json:
        sys.stdout.write(orjson.dumps(_as_json(trace, last)).decode() + "\n")
    else:
        _print(trace, last)
    raise typer.Exit(0 if trace.found else 1)


def _last_outcome(pin: str, kafka: str | None, config: list[str], topic_prefix: str) -> Last:
    if not kafka and not stack_endpoint("kafka"):
        return Last(None, "no Kafka was named")
    deadline_s, last = time.monotonic() + _READ_FOR_S, None
    try:
        with OutcomeReader(connection(kafka, config, topic_prefix), from_start=True) as reader:
            while (outcomes := reader.read(_QUIET_S)) and time.monotonic() < deadline_s:
                last = next((outcome for outcome in reversed(outcomes) if outcome.pin_id == pin), last)
    except KafkaAway as exc:
        return Last(None, str(exc))
    if outcomes:
        return Last(last, f"{reader.topic} was read for {_READ_FOR_S:.0f} s and not to its end")
    return Last(last, "" if last else f"{reader.topic} holds none: not settled yet, or never published")


def _as_json(trace: PinTrace, last: Last) -> dict[str, Any]:
    rows = [
        {
            "slot": row.slot,
            "alive": row.alive,
            "version": row.version,
            "label": row.label,
            "published_at_ms": row.published_at_ms,
            "indexed_at_ms": row.indexed_at_ms,
            "image_sha256": row.image_sha256,
        }
        for row in trace.rows
    ]
    outcome = last.outcome.model_dump(mode="json", exclude_none=True) if last.outcome else None
    return {"pin_id": trace.pin_id, "found": trace.found, "rows": rows, "outcome": outcome, "note": last.note}


def _print(trace: PinTrace, last: Last) -> None:
    console = Console(highlight=False)
    if trace.rows:
        console.print(_table(trace))
    console.print(Text(_verdict(trace), style="green" if trace.found else "yellow"), soft_wrap=True)
    if last.outcome is not None:
        console.print(Text(f"last outcome: {_sentence(last.outcome)}"), soft_wrap=True)
    if last.note:
        console.print(Text(f"outcomes: {last.note}", style="dim"), soft_wrap=True)


def _table(trace: PinTrace) -> Table:
    shown = Table(title=f"rows of {trace.pin_id}", title_justify="left")
    for heading in ("slot", "alive", "version", "shows", "published", "indexed after"):
        shown.add_column(heading)
    for row in trace.rows:
        shown.add_row(*(Text(cell) for cell in _cells(row, trace.asked_at_ms)), style=None if row.alive else "dim")
    return shown


def _cells(row: Row, now_ms: int) -> tuple[str, ...]:
    return (
        "0 (whole)" if row.slot == 0 else str(row.slot),
        "yes" if row.alive else "no",
        str(row.version),
        row.label,
        f"{age(max(now_ms - row.published_at_ms, 0) / 1000)} ago",
        age(max(row.indexed_at_ms - row.published_at_ms, 0) / 1000),
    )


def _verdict(trace: PinTrace) -> str:
    if trace.found:
        return "a search finds it now"
    if not trace.rows:
        return f"the index holds nothing of {trace.pin_id}: never published, not indexed yet, or dead"
    if not trace.rows[0].alive:
        return f"deleted, up to version {trace.rows[0].version}: no search finds it"
    return "its rows are there, and no search finds it yet: at Bounded that takes up to half a second"


def _sentence(outcome: PinOutcome) -> str:
    version = "" if outcome.version is None else f" version {outcome.version}"
    place = f"{outcome.topic}[{outcome.partition}]@{outcome.offset}"
    reason = f": {outcome.reason}" if outcome.reason else ""
    return f"{outcome.outcome}{version} from {place}, {outcome.objects} objects{reason}"
