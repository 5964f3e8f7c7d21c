"""An audit's report on the screen, and as JSON."""

from collections.abc import Iterator
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from index.audit.audit import AuditReport
from index.audit.findings import KINDS, MEANINGS
from index.audit.repair import RESULT_TEXTS
from pinstream.cli.results import plain_table, results_console

_WIDTH: Final = 160


def print_report(report: AuditReport) -> None:
    """What was read, what is wrong, with which pins, and what a repair did."""
    console = results_console(width=_WIDTH)
    for line in _summary(report):
        console.print(Text(line), soft_wrap=True)
    if report.findings:
        console.print(_table(report))
        for finding in report.listed:
            pin = Text(finding.pin_id, style="bold")
            console.print(pin.append(f"  {finding.kind}: {finding.detail}", style="not bold"), soft_wrap=True)
        if len(report.listed) < report.findings:
            console.print(Text(f"... and {report.findings - len(report.listed):,} more (--limit)", style="dim"))
    else:
        console.print(Text("the index is as the topics say", style="green"))
    for result, text in RESULT_TEXTS.items():
        if report.repaired.get(result):
            console.print(Text(f"{report.repaired[result]:,} {text}"), soft_wrap=True)


def as_json(report: AuditReport) -> dict[str, Any]:
    return {
        "clean": report.findings == 0,
        "pins": report.pins,
        "living": report.living,
        "rows": report.rows,
        "dead": report.dead,
        "in_progress": report.in_progress,
        "sample": report.sample,
        "seconds": round(report.seconds, 2),
        "findings": dict(report.found),
        "listed": [{"pin": each.pin_id, "kind": each.kind, "detail": each.detail} for each in report.listed],
        "notes": list(report.notes),
        "repair": dict(report.repaired),
    }


def _summary(report: AuditReport) -> Iterator[str]:
    sample = "" if report.sample >= 1 else f", a sample of {report.sample:.2%}"
    yield (
        f"{report.pins:,} pins in the topics, {report.living:,} living in the index{sample}; "
        f"{report.rows:,} rows read in {report.seconds:,.1f} s"
    )
    if report.dead:
        yield f"{report.dead:,} pins end in a dead letter: accounted for"
    if report.in_progress:
        yield f"{report.in_progress:,} pins are in progress: no findings yet"
    yield from report.notes


def _table(report: AuditReport) -> Table:
    table = plain_table(("finding", "pins", "meaning"), right=("pins",))
    for kind in KINDS:
        if report.found.get(kind):
            table.add_row(Text(kind, style="red"), f"{report.found[kind]:,}", MEANINGS[kind])
    return table
