"""What a dashboard is made of: sections of panels, each with its queries and what they mean."""

from dataclasses import dataclass, replace
from typing import Literal

Look = Literal["lines", "stacked", "number", "table", "heatmap"]
Unit = Literal["s", "ms", "µs", "short", "none", "percentunit", "bytes", "ops", "Bps"]


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """One PromQL expression and how its series are named; ``{{label}}`` is filled in."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart, number or table."""

    title: str
    description: str
    """What it shows, what is normal, and what to do if it is not."""
    queries: tuple[PanelQuery, ...]
    unit: Unit = "short"
    look: Look | None = None
    """None: as its section says."""
    width: int = 0
    """In columns of Grafana's grid, which has 24; 0: the width of its section."""
    limit: float | None = None
    """An objective: drawn as a line; numbers beyond it turn red."""
    floor: bool = False
    """Whether values below the limit are bad, instead of values above it."""
    runbooks: tuple[str, ...] = ()
    """Alerts whose runbooks the panel links to."""


@dataclass(frozen=True, slots=True)
class Section:
    """Panels under one heading; ``width`` and ``look`` apply to those that set none themselves."""

    title: str
    width: int
    panels: tuple[Panel, ...]
    look: Look = "lines"

    def __post_init__(self) -> None:
        complete = (
            replace(panel, width=panel.width or self.width, look=panel.look or self.look) for panel in self.panels
        )
        object.__setattr__(self, "panels", tuple(complete))


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the top of the dashboard: the values of one label."""

    name: str
    values: str
    """PromQL's ``label_values(...)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    name: str
    """Names its file, and its path ``/d/pinstream-<name>``."""
    title: str
    description: str
    sections: tuple[Section, ...]
    variables: tuple[Variable, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        return tuple(panel for section in self.sections for panel in section.panels)


def quantiles(histogram: str, *, by: str = "", where: str = "") -> tuple[PanelQuery, ...]:
    """p50, p95 and p99 of a histogram; ``by`` is another label to group by, ``where`` holds label matchers."""
    labels = f"le, {by}" if by else "le"
    rate = f"sum by ({labels}) (rate({histogram}_bucket{{{where}}}[$__rate_interval]))"
    name = f"{{{{{by}}}}} " if by else ""
    return tuple(
        PanelQuery(f"histogram_quantile({share}, {rate})", f"{name}p{percent}")
        for share, percent in ((0.5, 50), (0.95, 95), (0.99, 99))
    )


def quantile(share: float, histogram: str, *, by: str, where: str = "") -> PanelQuery:
    """One percentile of a histogram for each value of a label."""
    rate = f"sum by (le, {by}) (rate({histogram}_bucket{{{where}}}[$__rate_interval]))"
    return PanelQuery(f"histogram_quantile({share}, {rate})", f"{{{{{by}}}}}")


def per_second(counter: str, *, by: str, where: str = "") -> PanelQuery:
    """The rate of a counter for each value of a label."""
    return PanelQuery(f"sum by ({by}) (rate({counter}{{{where}}}[$__rate_interval]))", f"{{{{{by}}}}}")
