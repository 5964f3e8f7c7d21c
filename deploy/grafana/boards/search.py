"""*Search*: the read service: what callers see, and what it calls."""

from typing import Final

from deploy.grafana.spec import Dashboard, Panel, PanelQuery, Section, Variable, per_second, quantile

_A: Final = "pinstream_api"
_AT: Final = 'instance=~"$instance"'

_CALLERS: Final = Section(
    "Callers",
    8,
    (
        Panel(
            title="Requests",
            description="Answers a second by route.",
            queries=(per_second(f"{_A}_requests_total", by="route", where=_AT),),
            unit="ops",
            look="stacked",
        ),
        Panel(
            title="Answers",
            description="By status. 4xx: the caller's error; 429: too many requests at once; 5xx: our error.",
            queries=(per_second(f"{_A}_requests_total", by="status", where=_AT),),
            unit="ops",
            runbooks=("PinstreamSearchErrors",),
        ),
        Panel(
            title="Errors",
            description="Share of the answers that are 5xx.",
            queries=(PanelQuery("pinstream:search_errors:ratio_rate5m", "5xx"),),
            unit="percentunit",
            limit=0.05,
            runbooks=("PinstreamSearchErrors",),
        ),
        Panel(
            title="Duration, median",
            description="From the request's headers to the last byte of the response, by route.",
            queries=(quantile(0.5, f"{_A}_request_seconds", by="route", where=_AT),),
            unit="s",
        ),
        Panel(
            title="Duration, p95",
            description="By route. Related pins need Milvus only; flashlight and lens need Triton as well.",
            queries=(quantile(0.95, f"{_A}_request_seconds", by="route", where=_AT),),
            unit="s",
        ),
        Panel(
            title="Refused",
            description="Refused before any work: wrong key, too many requests, too large a body, queue full.",
            queries=(per_second(f"{_A}_refused_total", by="reason", where=_AT),),
            unit="ops",
        ),
    ),
)

_INSIDE: Final = Section(
    "Inside",
    8,
    (
        Panel(
            title="Index, models, fetch: p95",
            description="Duration of the calls, without the wait for a permit.",
            queries=(quantile(0.95, f"{_A}_limit_seconds", by="limit", where=_AT),),
            unit="s",
        ),
        Panel(
            title="Calls in flight",
            description="By what they call.",
            queries=(PanelQuery(f"sum by (limit) ({_A}_limit_in_use{{{_AT}}})", "{{limit}}"),),
        ),
        Panel(
            title="Callers waiting",
            description="For a permit. Steadily above 0: more instances are needed, or a faster service.",
            queries=(PanelQuery(f"sum by (limit) ({_A}_limit_waiting{{{_AT}}})", "{{limit}}"),),
        ),
        Panel(
            title="Cache hits",
            description="Share of look-ups of pictures, thumbnails and crops that a cache answered.",
            queries=(
                PanelQuery(
                    f"sum by (cache) (rate({_A}_cache_hits_total{{{_AT}}}[$__rate_interval])) / "
                    f"(sum by (cache) (rate({_A}_cache_hits_total{{{_AT}}}[$__rate_interval])) + "
                    f"sum by (cache) (rate({_A}_cache_misses_total{{{_AT}}}[$__rate_interval])))",
                    "{{cache}}",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            title="Placeholders",
            description="Thumbnails drawn in place of a picture that could not be fetched, by reason.",
            queries=(
                PanelQuery(
                    f"sum by (reason) (rate({_A}_placeholders_total{{{_AT}}}[$__rate_interval])) or vector(0)",
                    "{{reason}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            title="Fresh pins",
            description="Open streams of fresh pins, and whether outcomes are being read from Kafka (1).",
            queries=(
                PanelQuery(f"sum({_A}_streams{{{_AT}}})", "streams"),
                PanelQuery(f"min({_A}_kafka_connected{{{_AT}}})", "Kafka connected"),
            ),
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
