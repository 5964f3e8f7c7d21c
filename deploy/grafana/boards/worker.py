"""*Worker*: what the workers do, hold and wait for."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, Query, Section, Variable, per_second, quantile, quantiles

_W: Final = "pinstream_worker"
_AT: Final = 'instance=~"$instance"'


def _number(title: str, description: str, expression: str) -> Panel:
    return Panel(title=title, description=description, queries=(Query(expression),), look="number", width=4)


_NOW: Final = Section(
    "Now",
    (
        _number(
            "Workers", "Processes that answer Prometheus.", f'count(pinstream_build_info{{process="worker",{_AT}}})'
        ),
        _number(
            "Partitions",
            "Held by all of them; fewer than there are: some are moving.",
            f"sum({_W}_partitions{{{_AT}}})",
        ),
        Panel(
            title="Pins a second",
            description="Events finished, however they ended.",
            queries=(Query(f"sum(rate({_W}_outcomes_total{{{_AT}}}[$__rate_interval]))"),),
            unit="ops",
            look="number",
            width=4,
        ),
        Panel(
            title="Lag",
            description="Age of the oldest event of the live lane that is published and not finished.",
            queries=(Query(f'max({_W}_lag_seconds{{lane="live",{_AT}}})'),),
            unit="s",
            look="number",
            width=4,
            limit=60,
            runbooks=("PinstreamLag",),
        ),
        Panel(
            title="Stalled",
            description="Longest time in which a worker with lag finished nothing. Normal is under a second.",
            queries=(Query(f"max({_W}_stalled_seconds{{{_AT}}})"),),
            unit="s",
            look="number",
            width=4,
            limit=60,
            runbooks=("PinstreamNoProgress",),
        ),
        Panel(
            title="Stopped",
            description="Workers that stopped for a reason of their own and stay until their metrics are read.",
            queries=(Query(f"sum({_W}_stopped{{{_AT}}})"),),
            look="number",
            width=4,
            limit=1,
            runbooks=("PinstreamWorkerStopped", "PinstreamBreakerOpen"),
        ),
    ),
)

_WORK: Final = Section(
    "Work",
    (
        Panel(
            title="Outcomes",
            description="Events by what became of them. unchanged is a replay; superseded an older version; dead a "
            "dead letter.",
            queries=(per_second(f"{_W}_outcomes_total", by="outcome", where=_AT),),
            unit="ops",
            look="stacked",
        ),
        Panel(
            title="By worker",
            description="Pins finished by each worker: an even spread, unless partitions are uneven.",
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
            description="Age of a pin when Milvus acknowledged its rows; visibility comes on top.",
            queries=quantiles(f"{_W}_acknowledged_seconds", where=_AT),
            unit="s",
        ),
    ),
)

_HELD: Final = Section(
    "What waits",
    (
        Panel(
            title="Lag, records",
            description="Records published and not finished, by lane. The backfill may lag, the live lane may not.",
            queries=(Query(f"sum by (lane) ({_W}_lag_records{{{_AT}}})", "{{lane}}"),),
            width=8,
            runbooks=("PinstreamLag",),
        ),
        Panel(
            title="Lag, seconds",
            description="Age of the oldest record not finished, by lane and worker. The backfill may be late.",
            queries=(Query(f"max by (lane, instance) ({_W}_lag_seconds{{{_AT}}})", "{{lane}} {{instance}}"),),
            unit="s",
            width=8,
            limit=60,
            runbooks=("PinstreamLag",),
        ),
        Panel(
            title="In flight and waiting",
            description="Pins being worked on, by lane, and records taken whose work has not begun.",
            queries=(
                Query(f"sum by (lane) ({_W}_in_flight{{{_AT}}})", "{{lane}}"),
                Query(f"sum({_W}_waiting{{{_AT}}})", "waiting"),
            ),
            width=8,
        ),
        Panel(
            title="Credits, records",
            description="Records held, and how many may be: at the limit, partitions pause until something is "
            "finished.",
            queries=(
                Query(f"sum by (instance) ({_W}_held_records{{{_AT}}})", "{{instance}}"),
                Query(f"max({_W}_credits_records{{{_AT}}})", "limit"),
            ),
            width=8,
        ),
        Panel(
            title="Credits, bytes",
            description="The same for the bytes of these records: inline pictures count.",
            queries=(
                Query(f"sum by (instance) ({_W}_held_bytes{{{_AT}}})", "{{instance}}"),
                Query(f"max({_W}_credits_bytes{{{_AT}}})", "limit"),
            ),
            unit="bytes",
            width=8,
        ),
        Panel(
            title="Partitions",
            description="Held by each worker, and those paused until Triton or Milvus answers.",
            queries=(
                Query(f"sum by (instance) ({_W}_partitions{{{_AT}}})", "{{instance}}"),
                Query(f"sum({_W}_waiting_partitions{{{_AT}}})", "paused for a service"),
            ),
            width=8,
        ),
    ),
)

_TROUBLE: Final = Section(
    "Services and trouble",
    (
        Panel(
            title="Services away",
            description="How long a service has given no answer; 0 if it does. Workers wait and resume by themselves.",
            queries=(Query(f"max by (service) ({_W}_outage_seconds{{{_AT}}})", "{{service}}"),),
            unit="s",
            width=8,
            runbooks=("PinstreamServiceAway",),
        ),
        Panel(
            title="Retries",
            description="Calls repeated for want of an answer, by service. A trickle under load is backpressure.",
            queries=(
                Query(
                    f"sum by (service) (rate({_W}_retries_total{{{_AT}}}[$__rate_interval])) or vector(0)",
                    "{{service}}",
                ),
            ),
            unit="ops",
            width=8,
        ),
        Panel(
            title="Calls to Milvus, p95",
            description="As the worker measures them, failed ones too. A call writes many pins at once.",
            queries=(quantile(0.95, f"{_W}_milvus_seconds", by="call", where=_AT),),
            unit="s",
            width=8,
            limit=0.5,
            runbooks=("PinstreamMilvusWritesSlow",),
        ),
        Panel(
            title="Canary inferences",
            description="Small inferences on both models, by how they ended. Any failure is worth a look.",
            queries=(per_second(f"{_W}_model_check_total", by="result", where=_AT),),
            unit="ops",
            width=8,
            runbooks=("PinstreamModelCheckFailing",),
        ),
        Panel(
            title="Reuse and fetch retries",
            description="Repins reuse codes and cost no inference; fence recalls cost no read; fetch retries are "
            "slow hosts.",
            queries=(per_second(f"{_W}_events_total", by="event", where=_AT),),
            unit="ops",
            width=8,
        ),
        Panel(
            title="Commits and abandoned records",
            description="Offset commits by how they ended, and records given up with their partition: done elsewhere.",
            queries=(
                per_second(f"{_W}_commits_total", by="result", where=_AT),
                Query(f"sum(rate({_W}_abandoned_total{{{_AT}}}[$__rate_interval]))", "abandoned"),
            ),
            unit="ops",
            width=8,
        ),
        Panel(
            title="What runs",
            description="Process, version and embedding version of everything that answers Prometheus.",
            queries=(Query("sum by (process, version, embedding_version, instance) (pinstream_build_info)"),),
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
