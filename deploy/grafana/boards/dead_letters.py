"""*Dead letters*: which events can never be indexed, and why."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, PanelQuery, Section, per_second

_W: Final = "pinstream_worker"
_RUNBOOKS: Final = ("PinstreamDeadLetters", "PinstreamBreakerOpen")

_NOW: Final = Section(
    "Now",
    6,
    (
        Panel(
            title="Last 24 hours",
            description="Dead letters written. `python -m streams dead-letters ls` lists them.",
            queries=(PanelQuery(f'sum(increase({_W}_outcomes_total{{outcome="dead"}}[24h]))'),),
            runbooks=_RUNBOOKS,
        ),
        Panel(
            title="Share of the events",
            description="Over ten minutes. Above 5 % an operator should look at the reasons.",
            queries=(PanelQuery("pinstream:dead_letters:ratio_rate10m"),),
            unit="percentunit",
            limit=0.05,
            runbooks=_RUNBOOKS,
        ),
        Panel(
            title="Breakers open",
            description="Workers that stopped because of too many dead letters. Normal is 0.",
            queries=(PanelQuery(f"sum({_W}_breaker_open)"),),
            limit=1,
            runbooks=("PinstreamBreakerOpen",),
        ),
        Panel(
            title="Audit findings",
            description="Pins that the last audit found missing, orphaned, stale, of another version, half or doubled.",
            queries=(PanelQuery("sum(pinstream_audit_findings)"),),
            limit=1,
            runbooks=("PinstreamAuditFindings",),
        ),
    ),
    "number",
)

_WHY: Final = Section(
    "Why",
    12,
    (
        Panel(
            title="By reason",
            description="event: breaks the contract. fetch: no picture at the URL. picture: does not decode. index: "
            "refused by Milvus. unexpected: a bug.",
            queries=(per_second(f"{_W}_dead_letters_total", by="reason"),),
            unit="ops",
            look="stacked",
            runbooks=_RUNBOOKS,
        ),
        Panel(
            title="By reason, last 24 hours",
            description="Dead letters of the last day, for each reason.",
            queries=(PanelQuery(f"sum by (reason) (increase({_W}_dead_letters_total[24h]))"),),
            look="table",
        ),
        Panel(
            title="By worker",
            description="One worker alone: look at that worker. All of them: look at the events, or at the release.",
            queries=(per_second(f"{_W}_dead_letters_total", by="instance"),),
            unit="ops",
            look="stacked",
        ),
        Panel(
            title="Unreadable records",
            description="Records that the watch could not read, by topic.",
            queries=(PanelQuery("sum by (topic) (rate(pinstream_watch_poison_total[$__rate_interval]))", "{{topic}}"),),
            unit="ops",
        ),
    ),
)

_BREAKER: Final = Section(
    "The breaker",
    12,
    (
        Panel(
            title="Weight in a row",
            description="Dead letters since the last event that was not one: each weighs 1, an unexpected one 10. At "
            "200 the breaker opens.",
            queries=(PanelQuery(f"max by (instance) ({_W}_breaker_in_a_row)", "{{instance}}"),),
            limit=200,
            runbooks=("PinstreamBreakerOpen",),
        ),
        Panel(
            title="Weight per pin",
            description="Of dead letters, mean of the last thousand pins. At 0.5 the breaker opens.",
            queries=(PanelQuery(f"max by (instance) ({_W}_breaker_ratio)", "{{instance}}"),),
            limit=0.5,
            runbooks=("PinstreamBreakerOpen",),
        ),
    ),
)

BOARD: Final = Dashboard(
    name="dead_letters",
    title="Dead letters",
    description="Events that can never be indexed, and why.",
    sections=(_NOW, _WHY, _BREAKER),
)
