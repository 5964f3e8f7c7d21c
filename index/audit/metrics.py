"""Every metric of the audit, in one table: written to a file for the node exporter's textfile collector."""

import time
from pathlib import Path
from typing import Final

from prometheus_client import write_to_textfile

from index.audit.audit import AuditReport
from index.audit.findings import KINDS
from schemas.metrics import Collectors, Metric

TABLE: Final = (
    Metric("pinstream_audit_findings", "gauge", "pins by kind of finding in the last audit", ("kind",)),
    Metric("pinstream_audit_pins", "gauge", "pins that the last audit compared"),
    Metric("pinstream_audit_rows", "gauge", "rows that the last audit read"),
    Metric("pinstream_audit_dead_pins", "gauge", "pins whose last event is a dead letter"),
    Metric("pinstream_audit_in_progress_pins", "gauge", "pins that were in progress, and no findings"),
    Metric("pinstream_audit_repaired_pins", "gauge", "pins that the last audit published again"),
    Metric("pinstream_audit_sample_ratio", "gauge", "share of the pins that it compared"),
    Metric("pinstream_audit_duration_seconds", "gauge", "how long the last audit took"),
    Metric("pinstream_audit_timestamp_seconds", "gauge", "when the last audit finished"),
)


def write(report: AuditReport, path: Path) -> None:
    """Replace the file in one step, so that no collector reads half of it."""
    metrics = Collectors(TABLE, process="audit")
    for kind in KINDS:
        metrics.set("findings", report.found.get(kind, 0), kind)
    metrics.set("pins", report.pins)
    metrics.set("rows", report.rows)
    metrics.set("dead_pins", report.dead)
    metrics.set("in_progress_pins", report.in_progress)
    metrics.set("repaired_pins", report.published)
    metrics.set("sample_ratio", report.sample)
    metrics.set("duration_seconds", report.seconds)
    metrics.set("timestamp_seconds", time.time())
    write_to_textfile(str(path), metrics.registry)
