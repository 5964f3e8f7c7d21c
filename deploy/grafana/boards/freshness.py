"""*Freshness*: how old pins are when a search first finds them, as the watch and the workers measure it."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, PanelQuery, Section, quantile, quantiles
from pinstream.events import STAGE_MEANINGS

_BUDGET: Final = 0.01
_WATCH: Final = "pinstream_watch"
_OBJECTIVE: Final = PanelQuery('max(pinstream_watch_objective_seconds{objective="freshness"})', "objective")
_DELETION: Final = PanelQuery('max(pinstream_watch_objective_seconds{objective="deletion"})', "objective")
_BURN: Final = ("PinstreamFreshnessBurnFast", "PinstreamFreshnessBurnSlow")


def _p95(histogram: str) -> PanelQuery:
    return PanelQuery(f"histogram_quantile(0.95, sum by (le) (rate({histogram}_bucket[5m])))")


def _budget_left(objective: str) -> PanelQuery:
    missed = f'sum(increase(pinstream_watch_objective_total{{objective="{objective}",met="no"}}[30d]))'
    every = f'sum(increase(pinstream_watch_objective_total{{objective="{objective}"}}[30d]))'
    return PanelQuery(f"1 - {missed} / {every} / {_BUDGET}", objective)


_NOW: Final = Section(
    "Now",
    4,
    (
        Panel(
            title="Freshness, p95",
            description="Age of a saved pin when it became searchable; 95 of 100 are younger. Last five minutes.",
            queries=(_p95(f"{_WATCH}_freshness_seconds"),),
            unit="s",
            runbooks=_BURN,
        ),
        Panel(
            title="Deletion, p95",
            description="Age of a deletion when the pin was gone. Last five minutes.",
            queries=(_p95(f"{_WATCH}_deletion_seconds"),),
            unit="s",
            runbooks=("PinstreamDeletionBurnFast", "PinstreamDeletionBurnSlow"),
        ),
        Panel(
            title="Coverage",
            description="Share of the pins published in the watch's window that are accounted for by now.",
            queries=(PanelQuery("min(pinstream_watch_coverage_ratio)"),),
            unit="percentunit",
            limit=0.99,
            floor=True,
        ),
        Panel(
            title="Overdue",
            description="Pins and deletions that are not accounted for, long after the objective. Normal is 0.",
            queries=(PanelQuery("sum(pinstream_watch_overdue_pins)"),),
            limit=1,
            runbooks=("PinstreamOverduePins",),
        ),
        Panel(
            title="Lag",
            description="Age of the oldest live event that is not finished, as the watch or a worker sees it.",
            queries=(PanelQuery("pinstream:live_lag:max_seconds"),),
            unit="s",
            limit=60,
            runbooks=("PinstreamLag",),
        ),
        Panel(
            title="Budget left, 30 days",
            description="What is left of the 1 % of events that may be late in 30 days; below 0 the objective is "
            "missed.",
            queries=(_budget_left("freshness"), _budget_left("deletion")),
            unit="percentunit",
            limit=0,
            floor=True,
            runbooks=_BURN,
        ),
    ),
    "number",
)

_AGES: Final = Section(
    "How old pins are when they are found",
    12,
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
            description="From publishing a deletion to the pin's absence. Normal is the same as for a saved pin.",
            queries=(*quantiles(f"{_WATCH}_deletion_seconds"), _DELETION),
            unit="s",
            runbooks=("PinstreamDeletionBurnFast",),
        ),
        Panel(
            title="Freshness, distribution",
            description="How many pins had which age: a second band is a group of pins that something delays.",
            queries=(
                PanelQuery(f"sum by (le) (increase({_WATCH}_freshness_seconds_bucket[$__rate_interval]))", "{{le}}"),
            ),
            unit="s",
            look="heatmap",
        ),
        Panel(
            title="Found by a real search",
            description="Workers search for a sample of their pins until a search returns them, and measure the age.",
            queries=quantiles("pinstream_worker_freshness_seconds"),
            unit="s",
        ),
    ),
)

_CANARY: Final = Section(
    "Canary",
    8,
    (
        Panel(
            title="Published to found",
            description="The canary publishes a pin of its own and searches for it until a search returns it.",
            queries=quantiles("pinstream_canary_published_to_found_seconds"),
            unit="s",
            runbooks=("PinstreamCanaryFailing",),
        ),
        Panel(
            title="Deleted to gone",
            description="The canary deletes its pin and searches for it until no search returns it.",
            queries=quantiles("pinstream_canary_deleted_to_gone_seconds"),
            unit="s",
            runbooks=("PinstreamCanaryFailing",),
        ),
        Panel(
            title="Rounds",
            description="Canary rounds by result, and the seconds since one last succeeded.",
            queries=(
                PanelQuery("sum by (result) (increase(pinstream_canary_rounds_total[5m]))", "{{result}}, 5 minutes"),
                PanelQuery("time() - max(pinstream_canary_last_success_timestamp_seconds)", "seconds since success"),
            ),
            runbooks=("PinstreamCanaryFailing", "PinstreamCanarySilent"),
        ),
    ),
)

_STAGES: Final = Section(
    "Where the time goes",
    12,
    (
        Panel(
            title="Stages, median",
            description="; ".join(f"{stage}: {meaning}" for stage, meaning in STAGE_MEANINGS.items()) + ".",
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
    24,
    (
        Panel(
            title="Missed",
            description="Share of the events that were late, over three windows. The month allows 1 %: at 14.4 % it is "
            "used up in two days, at 6 % in five; above 1 % for three days the objective is being missed.",
            queries=tuple(
                PanelQuery(f"pinstream:objective_miss:ratio_rate{window}", f"{{{{objective}}}}, {window}")
                for window in ("1h", "6h", "3d")
            ),
            unit="percentunit",
            limit=_BUDGET,
            runbooks=(*_BURN, "PinstreamDeletionBurnFast", "PinstreamDeletionBurnSlow"),
        ),
    ),
)

_ACCOUNT: Final = Section(
    "Accounted for",
    8,
    (
        Panel(
            title="Events and outcomes",
            description="Events and outcomes per second: they differ only while pins are in flight.",
            queries=(
                PanelQuery(f"sum(rate({_WATCH}_events_total[$__rate_interval]))", "published"),
                PanelQuery(f"sum by (outcome) (rate({_WATCH}_outcomes_total[$__rate_interval]))", "{{outcome}}"),
            ),
            unit="ops",
        ),
        Panel(
            title="Overdue",
            description="Pins and deletions not accounted for after the objective. A few that come and go are a burst.",
            queries=(PanelQuery("sum by (kind) (pinstream_watch_overdue_pins)", "{{kind}}"),),
            runbooks=("PinstreamOverduePins",),
        ),
        Panel(
            title="Coverage",
            description="Share of the window's pins that are accounted for.",
            queries=(PanelQuery("min(pinstream_watch_coverage_ratio)", "coverage"),),
            unit="percentunit",
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
