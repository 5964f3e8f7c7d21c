"""Which names alerts and dashboards may use."""

from deploy.prometheus.rules import recording_rules
from deploy.prometheus.tables import metrics


def known() -> set[str]:
    """Every series that a table declares or a rule records."""
    return {series for metric in metrics() for series in metric.series} | recording_rules().keys()


def unknown(names: set[str]) -> set[str]:
    """The undeclared among ``names``."""
    return names - known()
