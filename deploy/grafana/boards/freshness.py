"""*Freshness*: how old pins are when a search first finds them, as the watch and the workers measure it."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, Query, Section, quantile, quantiles

_BUDGET: Final = 0.01
_WATCH: Final = "pinstream_watch"
_OBJECTIVE: Final = Query('max(pinstream_watch_objective_seconds{objective="freshness"})', "objective")
_DELETION: Final = Query('max(pinstream_watch_objective_seconds{objective="deletion"})', "objective")
_BURN: Final = ("PinstreamFreshnessBurnFast", "PinstreamFreshnessBurnSlow")


def _p95(histogram: str) -> Query:
    return Query(f"histogram_quantile(0.95, sum by (le) (rate({histogram}_bucket[5m])))")


def _budget_left(objective: str) -> Query:
    missed = f'sum(increase(pinstream_watch_objective_total{{objective="{objective}",met="no"}}[30d]))'
    every = f'sum(increase(pinstream_watch_objective_total{{objective="{objective}"}}[30d]))'
    return Query(f"1 - {missed} / {every} / {_BUDGET}", objective)


_NOW: Final = Section(
    "Now",
    (
        Panel(
            title="Freshness, p95",
            description="Age of a saved pin when it became searchable; 95 of 100 are younger. Last five minutes.",
            queries=(_p95(f"{_WATCH}_freshness_seconds"),),
            unit="s",
            look="number",
            width=4,
            runbooks=_BURN,
        ),
        Panel(
            title="Deletion, p95",
            description="Age of a deletion when the pin was gone. Last five minutes.",
            queries=(_p95(f"{_WATCH}_deletion_seconds"),),
            unit="s",
            look="number",
            width=4,
            runbooks=("PinstreamDeletionBurnFast", "PinstreamDeletionBurnSlow"),
        ),
        Panel(
            title="Coverage",
            description="Share of the pins published in the watch's window that are accounted for by now.",
            queries=(Query("min(pinstream_watch_coverage_ratio)"),),
            unit="percentunit",
            look="number",
            width=4,
            limit=0.99,
            floor=True,
        ),
        Panel(
            title="Overdue",
            description="Pins and deletions that are not accounted for, long after the objective. Normal is 0.",
            queries=(Query("sum(pinstream_watch_overdue_pins)"),),
            look="number",
            width=4,
            limit=1,
            runbooks=("PinstreamOverduePins",),
        ),
        Panel(
            title="Lag",
            description="Age of the oldest live event that is not finished, as the watch or a worker sees it.",
            queries=(Query("pinstream:live_lag:max_seconds"),),
            unit="s",
            look="number",
            width=4,
            limit=60,
            runbooks=("PinstreamLag",),
        ),
        Panel(
            title="Budget left, 30 days",
            description="What is left of the 1 % of events that may be late in 30 days; below 0 the objective is "
            "missed.",
            queries=(_budget_left("freshness"), _budget_left("deletion")),
            unit="percentunit",
            look="number",
            width=4,
            limit=0,
            floor=True,
            runbooks=_BURN,
        ),
    ),
)

_AGES: Final = Section(
    "How old pins are when they are found",
    (
        Panel(
            title="Freshness",
            description="From publishing to searchable, every pin, as the watch sees it from outside the workers.",
            queries=(*quantiles(f"{_WATCH}_freshness_seconds"), _OBJECTIVE),
            unit="s",
            runbooks=_BURN,
        ),
        Panel(
            title="Deletion",
            description="From publishing a deletion to the pin's absence. As fresh as an insert, or something is "
            "wrong.",
            queries=(*quantiles(f"{_WATCH}_deletion_seconds"), _DELETION),
            unit="s",
            runbooks=("PinstreamDeletionBurnFast",),
        ),
        Panel(
            title="Freshness, all of it",
            description="How many pins had which age: a second band is a group of pins with another fate.",
            queries=(Query(f"sum by (le) (increase({_WATCH}_freshness_seconds_bucket[$__rate_interval]))", "{{le}}"),),
            unit="s",
            look="heatmap",
        ),
        Panel(
            title="Found by a real search",
            description="A sample of the pins is searched for until a search returns them: the truth, from the "
            "workers.",
            queries=quantiles("pinstream_worker_freshness_seconds"),
            unit="s",
        ),
    ),
)

_CANARY: Final = Section(
    "A pin of nobody's",
    (
        Panel(
            title="Published to found",
            description="The canary's pin, from the outside: published, and searched for until a search returns it.",
            queries=quantiles("pinstream_canary_published_to_found_seconds"),
            unit="s",
            width=8,
            runbooks=("PinstreamCanaryFailing",),
        ),
        Panel(
            title="Deleted to gone",
            description="The same pin, deleted, and searched for until no search returns it.",
            queries=quantiles("pinstream_canary_deleted_to_gone_seconds"),
            unit="s",
            width=8,
            runbooks=("PinstreamCanaryFailing",),
        ),
        Panel(
            title="Rounds",
            description="By how they ended, and how long ago one last went well.",
            queries=(
                Query("sum by (result) (increase(pinstream_canary_rounds_total[5m]))", "{{result}}, 5 minutes"),
                Query("time() - max(pinstream_canary_last_success_timestamp_seconds)", "seconds since success"),
            ),
            width=8,
            runbooks=("PinstreamCanaryFailing", "PinstreamCanarySilent"),
        ),
    ),
)

_STAGES: Final = Section(
    "Where the time goes",
    (
        Panel(
            title="Stages, median",
            description="Queue is waiting on Kafka and for a place; visible is from Milvus' acknowledgement to the "
            "search.",
            queries=(quantile(0.5, f"{_WATCH}_stage_seconds", by="stage"),),
            unit="s",
            look="stacked",
        ),
        Panel(
            title="Stages, p95",
            description="The stage that grows names the cause: queue workers, fetch hosts, detect and embed "
            "Triton, write Milvus.",
            queries=(quantile(0.95, f"{_WATCH}_stage_seconds", by="stage"),),
            unit="s",
        ),
    ),
)

_OBJECTIVES: Final = Section(
    "Objectives",
    (
        Panel(
            title="Missed, last hour",
            description="Share of the events that were late. 1 % is what the month allows; 14.4 % spends it in two "
            "days.",
            queries=(Query("pinstream:objective_miss:ratio_rate1h", "{{objective}}"),),
            unit="percentunit",
            width=8,
            limit=_BUDGET,
            runbooks=_BURN,
        ),
        Panel(
            title="Missed, last six hours",
            description="The same, slower: 6 % spends the month's budget in five days.",
            queries=(Query("pinstream:objective_miss:ratio_rate6h", "{{objective}}"),),
            unit="percentunit",
            width=8,
            limit=_BUDGET,
        ),
        Panel(
            title="Missed, last three days",
            description="The same, slowest: above 1 % the objective is being missed.",
            queries=(Query("pinstream:objective_miss:ratio_rate3d", "{{objective}}"),),
            unit="percentunit",
            width=8,
            limit=_BUDGET,
            runbooks=("PinstreamFreshnessBurnSlow", "PinstreamDeletionBurnSlow"),
        ),
    ),
)

_ACCOUNT: Final = Section(
    "What came and what became of it",
    (
        Panel(
            title="Events and outcomes",
            description="Events published and outcomes told, per second: they differ only while pins are on their way.",
            queries=(
                Query(f"sum(rate({_WATCH}_events_total[$__rate_interval]))", "published"),
                Query(f"sum by (outcome) (rate({_WATCH}_outcomes_total[$__rate_interval]))", "{{outcome}}"),
            ),
            unit="ops",
        ),
        Panel(
            title="Overdue",
            description="Pins and deletions not accounted for after the objective. A few that come and go are a burst.",
            queries=(Query("sum by (kind) (pinstream_watch_overdue_pins)", "{{kind}}"),),
            width=6,
            runbooks=("PinstreamOverduePins",),
        ),
        Panel(
            title="Coverage",
            description="Share of the window's pins that are accounted for.",
            queries=(Query("min(pinstream_watch_coverage_ratio)", "coverage"),),
            unit="percentunit",
            width=6,
            limit=0.99,
            floor=True,
        ),
    ),
)

BOARD: Final = Dashboard(
    name="freshness",
    title="Freshness",
    description="How old a pin is at the moment a search first returns it, and whether every pin arrives.",
    sections=(_NOW, _AGES, _STAGES, _OBJECTIVES, _ACCOUNT, _CANARY),
)
