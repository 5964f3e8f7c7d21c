"""Which names alerts and dashboards may use."""

import re

from deploy.prometheus.rules import own_names, recorded
from deploy.prometheus.tables import metrics

PENDING = re.compile("pinstream_(canary)_")
"""Metrics of processes that are being written; removed from here as they land."""


def is_pending(expression: str) -> bool:
    """Whether an expression rests on such a metric, by itself or through what it names that is recorded."""
    names = own_names(expression)
    return any(PENDING.match(name) or is_pending(recorded().get(name, "")) for name in names)


def known() -> set[str]:
    """Every series of ours there can be."""
    return {series for metric in metrics() for series in metric.series} | recorded().keys()


def unknown(names: set[str]) -> set[str]:
    """Those of ``names`` that nobody declares."""
    return {name for name in names - known() if not PENDING.match(name)}
