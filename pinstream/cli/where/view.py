"""The status of a pin for people: the verdict first, then what it is based on."""

from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pinstream.cli.durations import format_age
from pinstream.cli.where.pin_status import PinStatus
from pinstream.events import STAGES, PinOutcome
from pinstream.standing import EventPosition
from pinstream.store.collection import Row

_STYLES = {"searchable": "bold green", "deleted": "bold magenta", "dead": "bold red"}


def print_status(status: PinStatus, console: Console) -> None:
    stage, sentence = status.verdict
    line = Text(f"{status.trace.pin_id}: ", style="bold")
    console.print(line.append(sentence, style=_STYLES.get(stage, "bold yellow")), soft_wrap=True)
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    for name, text in _facts(status):
        facts.add_row(name, Text(text))
    console.print(facts)
    if status.trace.rows:
        console.print(_rows(status))
    for note in status.notes:
        console.print(Text(note, style="dim"), soft_wrap=True)


def _facts(status: PinStatus) -> list[tuple[str, str]]:
    now_ms, facts = status.trace.asked_at_ms, []
    if status.event is not None:
        facts.append(("event", _event(status.event, now_ms)))
        if status.fault:
            facts.append(("fault", status.fault))
    if status.queue is not None:
        queue = status.queue
        committed = "nothing committed yet" if queue.committed is None else f"committed up to {queue.committed:,}"
        members = f"{queue.members} member{'' if queue.members == 1 else 's'}"
        facts.append(("workers", f"group {queue.group}: {members}, {committed}"))
    if status.outcome is not None:
        facts += _outcome(status.outcome, now_ms)
    if status.dead_letter is not None:
        dead = status.dead_letter
        facts.append(("dead letter", f"{dead.topic}[{dead.partition}]@{dead.offset}, in {dead.stage}"))
        facts.append(("", f"{dead.error}: {dead.message}"))
    if status.sources:
        facts.append(("sources", ", ".join((*status.sources, "the index"))))
    return facts


def _event(event: EventPosition, now_ms: int) -> str:
    kind = "deletion" if event.is_deletion else "event"
    version = "without a readable version" if event.version is None else f"version {event.version}"
    published = f"{_local_time(event.published_at_ms)}, {_ago(event.published_at_ms, now_ms)}"
    again = ", published again by an operator" if event.republished else ""
    return f"{kind} {version} at {event.topic}[{event.partition}]@{event.offset}, published {published}{again}"


def _outcome(outcome: PinOutcome, now_ms: int) -> list[tuple[str, str]]:
    version = "" if outcome.version is None else f" version {outcome.version}"
    position = f"{outcome.topic}[{outcome.partition}]@{outcome.offset}"
    attempts = "1 attempt" if outcome.attempts == 1 else f"{outcome.attempts} attempts"
    objects = f"{outcome.objects} object{'' if outcome.objects == 1 else 's'}"
    after = format_age(max(outcome.finished_at_ms - outcome.published_at_ms, 0) / 1000)
    last = f"{outcome.outcome}{version} from {position}, {objects}, {attempts}, acknowledged {after} after publication"
    facts = [("last outcome", f"{last}, {_ago(outcome.finished_at_ms, now_ms)}")]
    if outcome.freshness_ms is not None:
        seen = "no search found it any more" if outcome.outcome == "deleted" else "a search first found it"
        facts.append(("fresh after", f"{format_age(max(outcome.freshness_ms, 0) / 1000)}: then {seen}"))
    stages = [f"{stage} {outcome.stages_ms[stage]:,.1f}" for stage in STAGES if stage in outcome.stages_ms]
    if stages:
        facts.append(("stages, ms", " · ".join(stages)))
    if outcome.worker:
        facts.append(("worker", outcome.worker))
    if outcome.reason:
        facts.append(("reason", outcome.reason))
    return facts


def _rows(status: PinStatus) -> Table:
    table = Table(title="rows in the index", title_justify="left")
    for heading in ("slot", "alive", "version", "shows", "published", "indexed after"):
        table.add_column(heading)
    for row in status.trace.rows:
        cells = (Text(cell) for cell in _cells(row, status.trace.asked_at_ms))
        table.add_row(*cells, style=None if row.alive else "dim")
    return table


def _cells(row: Row, now_ms: int) -> tuple[str, ...]:
    return (
        "0 (whole)" if row.slot == 0 else str(row.slot),
        "yes" if row.alive else "no",
        str(row.version),
        row.label,
        _ago(row.published_at_ms, now_ms),
        format_age(max(row.indexed_at_ms - row.published_at_ms, 0) / 1000),
    )


def _ago(at_ms: int, now_ms: int) -> str:
    return f"{format_age(max(now_ms - at_ms, 0) / 1000)} ago"


def _local_time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
