"""The whereabouts of a pin as a person reads them: the verdict first, then what it rests on."""

from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pinstream.cli.search import age
from pinstream.cli.where.pin_status import PinStatus
from pinstream.events import STAGES, PinOutcome
from pinstream.standing import EventPosition
from pinstream.store.collection import Row

_STYLES = {"searchable": "bold green", "deleted": "bold magenta", "dead": "bold red"}


def show(told: PinStatus, console: Console) -> None:
    """Print all of it."""
    stage, sentence = told.verdict
    line = Text(f"{told.trace.pin_id}: ", style="bold")
    console.print(line.append(sentence, style=_STYLES.get(stage, "bold yellow")), soft_wrap=True)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    for name, text in _facts(told):
        facts.add_row(name, Text(text))
    console.print(facts)
    if told.trace.rows:
        console.print(_rows(told))
    for note in told.notes:
        console.print(Text(note, style="dim"), soft_wrap=True)


def _facts(told: PinStatus) -> list[tuple[str, str]]:
    now_ms, facts = told.trace.asked_at_ms, []
    if told.event is not None:
        facts.append(("event", _event(told.event, now_ms)))
        if told.fault:
            facts.append(("fault", told.fault))
    if told.queue is not None:
        queue = told.queue
        reached = "nothing committed yet" if queue.committed is None else f"committed up to {queue.committed:,}"
        workers = f"{queue.members} member{'' if queue.members == 1 else 's'}"
        facts.append(("workers", f"group {queue.group}: {workers}, {reached}"))
    if told.outcome is not None:
        facts += _outcome(told.outcome, now_ms)
    if told.dead_letter is not None:
        letter = told.dead_letter
        facts.append(("dead letter", f"{letter.topic}[{letter.partition}]@{letter.offset}, in {letter.stage}"))
        facts.append(("", f"{letter.error}: {letter.message}"))
    if told.sources:
        facts.append(("told by", ", ".join((*told.sources, "the index"))))
    return facts


def _event(event: EventPosition, now_ms: int) -> str:
    what = "deletion" if event.is_deletion else "event"
    version = "without a readable version" if event.version is None else f"version {event.version}"
    place = f"{event.topic}[{event.partition}]@{event.offset}"
    return (
        f"{what} {version} at {place}, published {_clock(event.published_at_ms)}, {_ago(event.published_at_ms, now_ms)}"
    )


def _outcome(outcome: PinOutcome, now_ms: int) -> list[tuple[str, str]]:
    version = "" if outcome.version is None else f" version {outcome.version}"
    place = f"{outcome.topic}[{outcome.partition}]@{outcome.offset}"
    tries = "1 attempt" if outcome.attempts == 1 else f"{outcome.attempts} attempts"
    objects = f"{outcome.objects} object{'' if outcome.objects == 1 else 's'}"
    after = age(max(outcome.finished_at_ms - outcome.published_at_ms, 0) / 1000)
    told = f"{outcome.outcome}{version} from {place}, {objects}, {tries}, settled {after} after publication"
    facts = [("last outcome", f"{told}, {_ago(outcome.finished_at_ms, now_ms)}")]
    if outcome.freshness_ms is not None:
        seen = "no search found it any more" if outcome.outcome == "deleted" else "a search first found it"
        facts.append(("fresh after", f"{age(max(outcome.freshness_ms, 0) / 1000)}: then {seen}"))
    spent = [f"{stage} {outcome.stages_ms[stage]:,.1f}" for stage in STAGES if stage in outcome.stages_ms]
    if spent:
        facts.append(("stages, ms", " · ".join(spent)))
    if outcome.worker:
        facts.append(("worker", outcome.worker))
    if outcome.reason:
        facts.append(("reason", outcome.reason))
    return facts


def _rows(told: PinStatus) -> Table:
    shown = Table(title="rows in the index", title_justify="left")
    for heading in ("slot", "alive", "version", "shows", "published", "indexed after"):
        shown.add_column(heading)
    for row in told.trace.rows:
        shown.add_row(*(Text(cell) for cell in _cells(row, told.trace.asked_at_ms)), style=None if row.alive else "dim")
    return shown


def _cells(row: Row, now_ms: int) -> tuple[str, ...]:
    return (
        "0 (whole)" if row.slot == 0 else str(row.slot),
        "yes" if row.alive else "no",
        str(row.version),
        row.label,
        _ago(row.published_at_ms, now_ms),
        age(max(row.indexed_at_ms - row.published_at_ms, 0) / 1000),
    )


def _ago(at_ms: int, now_ms: int) -> str:
    return f"{age(max(now_ms - at_ms, 0) / 1000)} ago"


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
