"""Which names alerts and dashboards may use."""

from deploy.prometheus.rules import recorded
from deploy.prometheus.tables import metrics


def known() -> set[str]:
    """Every series of ours there can be."""
    return {series for metric in metrics() for series in metric.series} | recorded().keys()


def unknown(names: set[str]) -> set[str]:
    """Those of ``names`` that nobody declares."""
    return names - known()
