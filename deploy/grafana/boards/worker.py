"""*Worker*: what the workers do, hold and wait for."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, PanelQuery, Section, Variable, per_second, quantile, quantiles

_W: Final = "pinstream_worker"
_AT: Final = 'instance=~"$instance"'


def _number(title: str, description: str, expression: str) -> Panel:
    return Panel(title=title, description=description, queries=(PanelQuery(expression),))


_NOW: Final = Section(
    "Now",
    4,
    (
        _number(
            "Workers", "Processes that answer Prometheus.", f'count(pinstream_build_info{{process="worker",{_AT}}})'
        ),
        _number(
            "Partitions",
            "Assigned to all of them; fewer than the topics have: a rebalance is running.",
            f"sum({_W}_partitions{{{_AT}}})",
        ),
        Panel(
            title="Pins a second",
            description="Events finished, whatever their outcome.",
            queries=(PanelQuery(f"sum(rate({_W}_outcomes_total{{{_AT}}}[$__rate_interval]))"),),
            unit="ops",
        ),
        Panel(
            title="Lag",
            description="Age of the oldest event of the live lane that is published and not finished.",
            queries=(PanelQuery(f'max({_W}_lag_seconds{{lane="live",{_AT}}})'),),
            unit="s",
            limit=60,
            runbooks=("PinstreamLag",),
        ),
        Panel(
            title="Stalled",
            description="Longest time that a worker with lag has finished nothing. Normal is under a second.",
            queries=(PanelQuery(f"max({_W}_stalled_seconds{{{_AT}}})"),),
            unit="s",
            limit=60,
            runbooks=("PinstreamNoProgress",),
        ),
        Panel(
            title="Stopped",
            description="Workers that stopped themselves; they keep serving metrics until Prometheus has read them.",
            queries=(PanelQuery(f"sum({_W}_stopped{{{_AT}}})"),),
            limit=1,
            runbooks=("PinstreamWorkerStopped", "PinstreamBreakerOpen"),
        ),
    ),
    "number",
)

_WORK: Final = Section(
    "Work",
    12,
    (
        Panel(
            title="Outcomes",
            description="unchanged: a replay; superseded: there is a newer version; dead: a dead letter.",
            queries=(per_second(f"{_W}_outcomes_total", by="outcome", where=_AT),),
            unit="ops",
            look="stacked",
        ),
        Panel(
            title="By worker",
            description="Events finished by each worker: equal, unless partitions are uneven.",
            queries=(per_second(f"{_W}_outcomes_total", by="instance", where=_AT),),
            unit="ops",
            look="stacked",
        ),
        Panel(
            title="Stages, p95",
            description="Duration of each stage of a pin, in the worker.",
            queries=(quantile(0.95, f"{_W}_stage_seconds", by="stage", where=_AT),),
            unit="s",
        ),
        Panel(
            title="Age when acknowledged",
            description="Age of a pin when Milvus acknowledged its rows; until a search finds it takes longer.",
            queries=quantiles(f"{_W}_acknowledged_seconds", where=_AT),
            unit="s",
        ),
    ),
)

_HELD: Final = Section(
    "What waits",
    8,
    (
        Panel(
            title="Lag, records",
            description="Records published and not finished, by lane. Only the backfill lane may lag.",
            queries=(PanelQuery(f"sum by (lane) ({_W}_lag_records{{{_AT}}})", "{{lane}}"),),
            runbooks=("PinstreamLag",),
        ),
        Panel(
            title="Lag, seconds",
            description="Age of the oldest record not finished, by lane and worker.",
            queries=(PanelQuery(f"max by (lane, instance) ({_W}_lag_seconds{{{_AT}}})", "{{lane}} {{instance}}"),),
            unit="s",
            limit=60,
            runbooks=("PinstreamLag",),
        ),
        Panel(
            title="In flight and queued",
            description="Tasks begun and not finished, by lane, and records consumed whose task has not begun.",
            queries=(
                PanelQuery(f"sum by (lane) ({_W}_in_flight{{{_AT}}})", "{{lane}}"),
                PanelQuery(f"sum({_W}_queued{{{_AT}}})", "queued"),
            ),
        ),
        Panel(
            title="Credits, records",
            description="Records held, and the limit: at the limit, partitions are paused until a task is finished.",
            queries=(
                PanelQuery(f"sum by (instance) ({_W}_held_records{{{_AT}}})", "{{instance}}"),
                PanelQuery(f"max({_W}_credits_records{{{_AT}}})", "limit"),
            ),
        ),
        Panel(
            title="Credits, bytes",
            description="Bytes of the records held, inline pictures included, and the limit.",
            queries=(
                PanelQuery(f"sum by (instance) ({_W}_held_bytes{{{_AT}}})", "{{instance}}"),
                PanelQuery(f"max({_W}_credits_bytes{{{_AT}}})", "limit"),
            ),
            unit="bytes",
        ),
        Panel(
            title="Partitions",
            description="Assigned to each worker, and those paused until Triton or Milvus answers.",
            queries=(
                PanelQuery(f"sum by (instance) ({_W}_partitions{{{_AT}}})", "{{instance}}"),
                PanelQuery(f"sum({_W}_paused_partitions{{{_AT}}})", "paused for a service"),
            ),
        ),
    ),
)

_TROUBLE: Final = Section(
    "Services and trouble",
    8,
    (
        Panel(
            title="Services away",
            description="How long a service has not answered; 0 if it does. Workers wait and resume by themselves.",
            queries=(PanelQuery(f"max by (service) ({_W}_outage_seconds{{{_AT}}})", "{{service}}"),),
            unit="s",
            runbooks=("PinstreamServiceAway",),
        ),
        Panel(
            title="Retries",
            description="Calls repeated because a service did not answer. A few under load are backpressure.",
            queries=(
                PanelQuery(
                    f"sum by (service) (rate({_W}_retries_total{{{_AT}}}[$__rate_interval])) or vector(0)",
                    "{{service}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            title="Calls to Milvus, p95",
            description="As the worker measures them, failed calls included. One call writes many pins.",
            queries=(quantile(0.95, f"{_W}_milvus_seconds", by="call", where=_AT),),
            unit="s",
            limit=0.5,
            runbooks=("PinstreamMilvusWritesSlow",),
        ),
        Panel(
            title="Model checks",
            description="Inferences on a drawn picture, by result. Look at every failure.",
            queries=(per_second(f"{_W}_model_check_total", by="result", where=_AT),),
            unit="ops",
            runbooks=("PinstreamModelCheckFailing",),
        ),
        Panel(
            title="Reuse and fetch retries",
            description="Repins need no inference, fence hits no read; fetch retries come from slow hosts.",
            queries=(per_second(f"{_W}_events_total", by="event", where=_AT),),
            unit="ops",
        ),
        Panel(
            title="Commits and abandoned records",
            description="Offset commits by result, and records abandoned because their partition was revoked.",
            queries=(
                per_second(f"{_W}_commits_total", by="result", where=_AT),
                PanelQuery(f"sum(rate({_W}_abandoned_total{{{_AT}}}[$__rate_interval]))", "abandoned"),
            ),
            unit="ops",
        ),
        Panel(
            title="Processes",
            description="Process, version and embedding version of everything that answers Prometheus.",
            queries=(PanelQuery("sum by (process, version, embedding_version, instance) (pinstream_build_info)"),),
            look="table",
            width=24,
            runbooks=("PinstreamVersionsDiffer",),
        ),
    ),
)

BOARD: Final = Dashboard(
    name="worker",
    title="Worker",
    description="What the workers do, hold and wait for.",
    sections=(_NOW, _WORK, _HELD, _TROUBLE),
    variables=(Variable("instance", 'label_values(pinstream_build_info{process="worker"}, instance)'),),
)
