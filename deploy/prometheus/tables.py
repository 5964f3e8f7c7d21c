"""The metrics of every process: dashboards, alerts and ``docs/metrics.md`` use no other names."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from api import metrics as api
from index.audit import metrics as audit
from schemas.metrics import BUILD, Metric
from streams.canary import metrics as canary
from streams.watch import metrics as watch
from streams.worker import metrics as worker

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "metrics.md"

TABLES: Final[Mapping[str, tuple[Metric, ...]]] = {
    "Every process": (BUILD,),
    "The worker": worker.TABLE,
    "The watch": watch.TABLE,
    "The canary": canary.TABLE,
    "The read service": api.TABLE,
    "The audit, in a file": audit.TABLE,
}
"""By the heading under which the page shows them. A process that declares metrics is added here."""

_OPENING: Final = """\
# Metrics

Written by `python -m deploy.prometheus` from the tables that the processes declare (`*/metrics.py`); a test compares.
Each process serves its own at `/metrics`; a histogram is stored as `_bucket`, `_sum` and `_count`. Dashboards and
alerts use these names, the recording rules made of them, and what Triton (`nv_*`) and Milvus (`milvus_*`) export.
"""


def metrics() -> tuple[Metric, ...]:
    return tuple(metric for table in TABLES.values() for metric in table)


def page() -> str:
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _OPENING
    for heading, table in TABLES.items():
        yield f"## {heading}\n"
        yield "| name | kind | unit | labels | meaning |\n|---|---|---|---|---|"
        for each in table:
            labels = ", ".join(f"`{label}`" for label in each.labels)
            yield f"| `{each.name}` | {each.kind} | {each.unit} | {labels} | {each.meaning} |"
        yield ""
