"""The result as one HTML file, which includes its pictures, charts and styles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from deploy.demo.result.charts import Dot, timeline, waterfall
from deploy.demo.result.examples import ExamplePin
from deploy.demo.result.figures import Figures, rounded
from deploy.demo.result.thumbnail import data_uri, thumbnail
from pinstream.cli.durations import format_age
from pinstream.store.codes import CODE_BITS
from pinstream.store.collection import Box

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Everything that the page shows."""

    examples: Sequence[ExamplePin]
    figures: Figures
    dots: Sequence[Dot]
    refused: Mapping[str, str]
    made_at: datetime
    subtitle: str
    """What ran, in a line: how many pins, at what rate, on which machine."""


def render(result: RunResult) -> str:
    """The HTML, complete with its style."""
    environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"data_uri": data_uri, "css_box": _css_box, "age": format_age, "rounded": rounded}
    median_ms = result.figures.freshness_ms.p50_ms if result.figures.freshness_ms else 0.0
    return environment.get_template("page.html.j2").render(
        result=result,
        style=Markup((_HERE / "page.css").read_text()),  # noqa: S704 (our own file)
        stages=waterfall(result.figures.stages_ms),
        timeline=timeline(result.dots, median_ms=median_ms),
        thumbnail=thumbnail,
        code_bits=CODE_BITS,
    )


def _css_box(box: Box) -> str:
    left, top, right, bottom = (min(max(value, 0.0), 1.0) * 100 for value in box)
    return f"left:{left:.2f}%;top:{top:.2f}%;width:{right - left:.2f}%;height:{bottom - top:.2f}%"
