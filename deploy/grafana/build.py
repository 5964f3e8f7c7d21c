"""Dashboards as Grafana's JSON, by Grafana's own foundation SDK."""

from itertools import count
from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, heatmap, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as styles
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana.spec import Dashboard, Panel, PanelQuery, Variable

TAG: Final = "pinstream"
RUNBOOKS: Final = "/public/runbooks"
"""Where the runbooks are served: the compose file mounts them into Grafana's public files."""
SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_HEIGHTS: Final = {"number": 5, "table": 7, "heatmap": 9}


_SdkPanel = timeseries.Panel | stat.Panel | table.Panel | heatmap.Panel


def to_json(board: Dashboard) -> str:
    return JSONEncoder(sort_keys=True, indent=1).encode(_dashboard(board).build()) + "\n"


def _dashboard(board: Dashboard) -> dashboard.Dashboard:
    built = (
        dashboard.Dashboard(board.title)
        .uid(f"pinstream-{board.name}")
        .description(board.description)
        .tags([TAG])
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .editable()
        .link(_other_boards())
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
        .with_variable(dashboard.ConstantVariable("runbooks").value(RUNBOOKS))
    )
    for variable in board.variables:
        built = built.with_variable(_variable(variable))
    number = count(1)
    for section in board.sections:
        built.with_row(dashboard.Row(section.title).id(next(number)))
        for panel in section.panels:
            built.with_panel(_panel(panel).id(next(number)))
    return built


def _other_boards() -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink("pinstream")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .keep_time(True)
        .include_vars(False)
    )


def _variable(variable: Variable) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(variable.name)
        .datasource(SOURCE)
        .query(variable.values)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )


def _panel(panel: Panel) -> _SdkPanel:
    if panel.look == "number":
        return _complete(_number(panel), panel)
    if panel.look == "table":
        return _complete(_table(), panel)
    if panel.look == "heatmap":
        return _complete(heatmap.Panel().calculate(False).y_axis(heatmap.YAxisConfig().unit(panel.unit)), panel)
    return _complete(_lines(panel), panel)


def _complete(built: _SdkPanel, panel: Panel) -> _SdkPanel:
    """Add what every panel has: title, size, links, queries."""
    built.title(panel.title).description(panel.description).datasource(SOURCE).unit(panel.unit)
    built.height(_HEIGHTS.get(panel.look or "lines", 8)).span(panel.width)
    if panel.runbooks:
        built.links([_runbook(alert) for alert in panel.runbooks])
    for reference, query in zip("ABCDEFGH", panel.queries, strict=False):
        built.with_target(_target(query, panel).ref_id(reference))
    return built


def _target(query: PanelQuery, panel: Panel) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expression).legend_format(query.legend or "__auto").datasource(SOURCE)
    if panel.look == "table":
        return target.instant().format(PromQueryFormat.TABLE)
    if panel.look == "number":
        return target.instant()
    return target.range().format(PromQueryFormat.HEATMAP) if panel.look == "heatmap" else target.range()


def _number(panel: Panel) -> stat.Panel:
    built = stat.Panel().graph_mode(styles.BigValueGraphMode.NONE).color_mode(styles.BigValueColorMode.VALUE)
    built.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])).no_value("-")
    return built.thresholds(_thresholds(panel))


def _lines(panel: Panel) -> timeseries.Panel:
    built = timeseries.Panel().fill_opacity(8).line_width(1).min(0).span_nulls(False)
    built.tooltip(common.VizTooltipOptions().mode(styles.TooltipDisplayMode.MULTI))
    built.legend(
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(styles.LegendDisplayMode.LIST)
        .placement(styles.LegendPlacement.BOTTOM)
    )
    if panel.look == "stacked":
        built.stacking(common.StackingConfig().mode(styles.StackingMode.NORMAL)).fill_opacity(40)
    if panel.limit is not None:
        built.thresholds(_thresholds(panel))
        built.thresholds_style(common.GraphThresholdsStyleConfig().mode(styles.GraphTresholdsStyleMode.DASHED))
    return built


def _table() -> table.Panel:
    return table.Panel().transformations(
        [models.DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}})]
    )


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    """Green, and red on the wrong side of the limit."""
    below, above = ("red", "green") if panel.floor else ("green", "red")
    steps = [models.Threshold(value=None, color=below if panel.limit is not None else "text")]
    if panel.limit is not None:
        steps.append(models.Threshold(value=panel.limit, color=above))
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _runbook(alert: str) -> dashboard.DashboardLink:
    url = f"${{runbooks}}/{alert}.md"
    return dashboard.DashboardLink(alert).type(models.DashboardLinkType.LINK).url(url).target_blank(True)
