"""*Dead letters*: which events can never be indexed, and why."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, Query, Section, per_second

_W: Final = "pinstream_worker"
_RUNBOOKS: Final = ("PinstreamDeadLetters", "PinstreamBreakerOpen")

_NOW: Final = Section(
    "Now",
    (
        Panel(
            title="Last 24 hours",
            description="Dead letters written. `python -m streams dead-letters ls` lists what lies there.",
            queries=(Query(f'sum(increase({_W}_outcomes_total{{outcome="dead"}}[24h]))'),),
            look="number",
            width=6,
            runbooks=_RUNBOOKS,
        ),
        Panel(
            title="Share of the events",
            description="Of the last ten minutes. Above 5 % somebody should look.",
            queries=(Query("pinstream:dead_letters:ratio_rate10m"),),
            unit="percentunit",
            look="number",
            width=6,
            limit=0.05,
            runbooks=_RUNBOOKS,
        ),
        Panel(
            title="Breakers open",
            description="Workers that stopped because too many pins died. Normal is 0.",
            queries=(Query(f"sum({_W}_breaker_open)"),),
            look="number",
            width=6,
            limit=1,
            runbooks=("PinstreamBreakerOpen",),
        ),
        Panel(
            title="Audit findings",
            description="Pins that the last audit found missing, orphaned, stale, of another version, half or doubled.",
            queries=(Query("sum(pinstream_audit_findings)"),),
            look="number",
            width=6,
            limit=1,
            runbooks=("PinstreamAuditFindings",),
        ),
    ),
)

_WHY: Final = Section(
    "Why",
    (
        Panel(
            title="By reason",
            description="event: not what the contract says. fetch: no picture there. picture: not one. index: "
            "refused. unexpected: a bug.",
            queries=(per_second(f"{_W}_dead_letters_total", by="reason"),),
            unit="ops",
            look="stacked",
            runbooks=_RUNBOOKS,
        ),
        Panel(
            title="By reason, last 24 hours",
            description="How many of each.",
            queries=(Query(f"sum by (reason) (increase({_W}_dead_letters_total[24h]))"),),
            look="table",
        ),
        Panel(
            title="By worker",
            description="One worker alone is that worker's fault; all of them the events', or the release's.",
            queries=(per_second(f"{_W}_dead_letters_total", by="instance"),),
            unit="ops",
            look="stacked",
        ),
        Panel(
            title="Unreadable, seen by the watch",
            description="Records that the watch could not read, by topic.",
            queries=(Query("sum by (topic) (rate(pinstream_watch_poison_total[$__rate_interval]))", "{{topic}}"),),
            unit="ops",
        ),
    ),
)

_BREAKER: Final = Section(
    "The breaker",
    (
        Panel(
            title="Weight in a row",
            description="Of dead letters since the last living pin: 1 each, 10 for an unexpected one. 200 opens "
            "the breaker.",
            queries=(Query(f"max by (instance) ({_W}_breaker_in_a_row)", "{{instance}}"),),
            limit=200,
            runbooks=("PinstreamBreakerOpen",),
        ),
        Panel(
            title="Weight a pin",
            description="Over the last thousand pins; 0.5 opens the breaker.",
            queries=(Query(f"max by (instance) ({_W}_breaker_ratio)", "{{instance}}"),),
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
