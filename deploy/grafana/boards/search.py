"""*Search*: the read service, as its callers meet it."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, Query, Section, Variable, per_second, quantile

_A: Final = "pinstream_api"
_AT: Final = 'instance=~"$instance"'

_CALLERS: Final = Section(
    "Callers",
    (
        Panel(
            title="Requests",
            description="Answers a second by route.",
            queries=(per_second(f"{_A}_requests_total", by="route", where=_AT),),
            unit="ops",
            look="stacked",
            width=8,
        ),
        Panel(
            title="Answers",
            description="By status: 4xx is the caller's, 429 too many at once, 5xx ours.",
            queries=(per_second(f"{_A}_requests_total", by="status", where=_AT),),
            unit="ops",
            width=8,
            runbooks=("PinstreamSearchErrors",),
        ),
        Panel(
            title="Errors",
            description="Share of the answers that are errors of our own.",
            queries=(Query("pinstream:search_errors:ratio_rate5m", "5xx"),),
            unit="percentunit",
            width=8,
            limit=0.05,
            runbooks=("PinstreamSearchErrors",),
        ),
        Panel(
            title="Duration, median",
            description="From the request's head to the answer's last byte, by route.",
            queries=(quantile(0.5, f"{_A}_request_seconds", by="route", where=_AT),),
            unit="s",
            width=8,
        ),
        Panel(
            title="Duration, p95",
            description="The same for the slow ones. Related pins need Milvus only; flashlight and lens Triton as "
            "well.",
            queries=(quantile(0.95, f"{_A}_request_seconds", by="route", where=_AT),),
            unit="s",
            width=8,
        ),
        Panel(
            title="Refused",
            description="Before any work was done: wrong key, too many requests, too large a body, no room.",
            queries=(per_second(f"{_A}_refused_total", by="reason", where=_AT),),
            unit="ops",
            width=8,
        ),
    ),
)

_INSIDE: Final = Section(
    "Inside",
    (
        Panel(
            title="Index, models, fetch: p95",
            description="Time at each of them, without waiting for a place.",
            queries=(quantile(0.95, f"{_A}_gate_seconds", by="gate", where=_AT),),
            unit="s",
            width=8,
        ),
        Panel(
            title="Places taken",
            description="Calls on their way, by what they call.",
            queries=(Query(f"sum by (gate) ({_A}_gate_in_use{{{_AT}}})", "{{gate}}"),),
            width=8,
        ),
        Panel(
            title="Callers waiting",
            description="For a place: steadily above 0 more instances, or a faster service, are needed.",
            queries=(Query(f"sum by (gate) ({_A}_gate_waiting{{{_AT}}})", "{{gate}}"),),
            width=8,
        ),
        Panel(
            title="Cache hits",
            description="Share of look-ups that pictures, thumbnails and crops found in a cache.",
            queries=(
                Query(
                    f"sum by (cache) (rate({_A}_cache_hits_total{{{_AT}}}[$__rate_interval])) / "
                    f"(sum by (cache) (rate({_A}_cache_hits_total{{{_AT}}}[$__rate_interval])) + "
                    f"sum by (cache) (rate({_A}_cache_misses_total{{{_AT}}}[$__rate_interval])))",
                    "{{cache}}",
                ),
            ),
            unit="percentunit",
            width=8,
        ),
        Panel(
            title="Placeholders",
            description="Thumbnails that were drawn because the picture could not be had, by reason.",
            queries=(
                Query(
                    f"sum by (reason) (rate({_A}_placeholders_total{{{_AT}}}[$__rate_interval])) or vector(0)",
                    "{{reason}}",
                ),
            ),
            unit="ops",
            width=8,
        ),
        Panel(
            title="Fresh pins",
            description="Open streams of fresh pins, and whether outcomes are being read from Kafka (1).",
            queries=(
                Query(f"sum({_A}_streams{{{_AT}}})", "streams"),
                Query(f"min({_A}_kafka_connected{{{_AT}}})", "Kafka connected"),
            ),
            width=8,
        ),
    ),
)

BOARD: Final = Dashboard(
    name="search",
    title="Search",
    description="The read service: requests, durations, errors.",
    sections=(_CALLERS, _INSIDE),
    variables=(Variable("instance", 'label_values(pinstream_build_info{process="api"}, instance)'),),
)
