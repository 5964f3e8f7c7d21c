"""An audit's report on the screen, and as JSON."""

import sys
from collections.abc import Iterator
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from index.audit.audit import AuditReport
from index.audit.findings import KINDS, MEANINGS
from index.audit.repair import DONE


def print_report(report: AuditReport) -> None:
    """What was looked at, what is wrong, with which pins, and what was done about it."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
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
    for name, meaning in DONE.items():
        if report.mended.get(name):
            console.print(Text(f"{report.mended[name]:,} {meaning}"), soft_wrap=True)


def print_json(report: AuditReport) -> None:
    """One object."""
    sys.stdout.write(orjson.dumps(as_json(report)).decode() + "\n")


def as_json(report: AuditReport) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "clean": report.findings == 0,
        "pins": report.pins,
        "living": report.living,
        "rows": report.rows,
        "dead": report.dead,
        "under_way": report.under_way,
        "sample": report.sample,
        "seconds": round(report.seconds, 2),
        "findings": dict(report.found),
        "listed": [{"pin": each.pin_id, "kind": each.kind, "detail": each.detail} for each in report.listed],
        "notes": list(report.notes),
        "repair": dict(report.mended),
    }


def _summary(report: AuditReport) -> Iterator[str]:
    share = "" if report.sample >= 1 else f", a sample of {report.sample:.2%}"
    yield (
        f"{report.pins:,} pins in the topics, {report.living:,} living in the index{share}; "
        f"{report.rows:,} rows read in {report.seconds:,.1f} s"
    )
    if report.dead:
        yield f"{report.dead:,} pins end in a dead letter: accounted for"
    if report.under_way:
        yield f"{report.under_way:,} pins are on their way: no finding yet"
    yield from report.notes


def _table(report: AuditReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("finding")
    table.add_column("pins", justify="right")
    table.add_column("meaning")
    for kind in KINDS:
        if report.found.get(kind):
            table.add_row(Text(kind, style="red"), f"{report.found[kind]:,}", MEANINGS[kind])
    return table
