import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from deploy.demo.result.charts import Dot, ticks, timeline, waterfall
from deploy.demo.result.examples import ExampleHit, ExampleObject, ExamplePin
from deploy.demo.result.figures import Figures
from deploy.demo.result.page import RunResult, render
from deploy.demo.result.thumbnail import thumbnail
from pinstream.cli.watch.freshness import Spread
from pinstream.search.hits import Hit

SHORT = Spread("x", 1, 5.0, 9.0, 12.0, 20.0)
FIGURES = Figures(
    pins=3, indexed=2, dead=1, objects=4, freshness_ms=Spread("x", 1, 61, 90, 99, 120), stages_ms={"fetch": SHORT}
)
VOID = frozenset({"meta", "img", "input", "br", "link"})


class Outline(HTMLParser):
    """Every opened element is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    Image.new("RGB", (120, 160), (20, 120, 120)).save(path)
    return path


def example_hit(pin_id: str, file: Path | None, *, distance: int = 30) -> ExampleHit:
    hit = Hit(
        pin_id=pin_id,
        slot=1,
        distance=distance,
        similarity=1 - distance / 128,
        near_duplicate=False,
        same_product=False,
        pins=1,
        age_s=12.0,
        box=(0.25, 0.25, 0.75, 0.75),
        label="shirt",
        score=0.9,
        domain="web",
        version=1,
        published_at_ms=1_000,
        image_sha256="",
        title=f"Title of {pin_id}",
        link="",
        image_url="",
        price=None,
        currency="",
        tags=(),
        relevance=1.0,
    )
    return ExampleHit(hit, file)


def example(file: Path, *, pin_id: str = "query", title: str = "A <b>bold</b> coat") -> ExamplePin:
    shirt = ExampleObject("shirt", 0.93, (0.1, 0.2, 0.5, 0.9), (example_hit("other", file),))
    return ExamplePin(
        pin_id=pin_id,
        title=title,
        file=file,
        freshness_ms=61,
        objects=(shirt,),
        related=(example_hit("near", file, distance=14), example_hit("strange", None, distance=170)),
    )


def run_result(*examples: ExamplePin) -> RunResult:
    return RunResult(
        examples=examples,
        figures=FIGURES,
        dots=[Dot(1_000, 61.0, "A <dot>"), Dot(2_000, 90.0, "B")],
        refused={"broken-1": "a picture that does <not> decode"},
        made_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        subtitle="3 pins at 5 a second",
    )


def test_page_is_well_formed_and_needs_nothing_beside_it(file: Path) -> None:
    outline = Outline()

    html = render(run_result(example(file)))
    outline.feed(html)

    assert outline.open == []
    assert outline.images
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in outline.images)
    assert all(image.get("alt") for image in outline.images)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', html)
    assert "@import" not in html
    assert "url(" not in html


def test_page_shows_the_pin_its_neighbours_its_objects_and_the_figures(file: Path) -> None:
    html = render(run_result(example(file)))

    for text in (
        "<em>61 ms</em>",
        "2 of 3",
        "Title of near",
        "distance 14",
        "12.0 s old",
        "shirt 93%",
        "left:10.00%;top:20.00%;width:40.00%;height:70.00%",
        "90.0",
        "broken-1",
        "prefers-color-scheme: dark",
    ):
        assert text in html


def test_titles_and_reasons_cannot_become_markup(file: Path) -> None:
    html = render(run_result(example(file, title='<script>alert("x")</script>')))

    assert "<script" not in html
    assert "does &lt;not&gt; decode" in html
    assert "A &lt;dot&gt;" in html


def test_only_the_chosen_pin_is_shown(file: Path) -> None:
    html = render(run_result(example(file), example(file, pin_id="second")))

    assert html.count('type="radio"') == 2
    assert html.count(" checked>") == 1
    assert "body:has(#tab1:checked) #pin1{display:grid}" in html


def test_page_of_a_run_in_which_nothing_was_found_says_so() -> None:
    nothing = Figures(pins=2, indexed=0, dead=2, objects=0, freshness_ms=None, stages_ms={})

    html = render(replace(run_result(), figures=nothing, dots=[]))

    assert "No pin is in the index" in html
    assert "0 of 2" in html


def test_waterfall_lays_the_medians_end_to_end() -> None:
    first, second = waterfall({"fetch": Spread("x", 1, 10, 10, 10, 10), "embed": Spread("x", 1, 30, 30, 30, 30)})

    assert second.left == pytest.approx(first.left + first.p50_width, abs=0.1)
    assert second.p50_width == pytest.approx(3 * first.p50_width, abs=0.1)
    assert second.left + second.p95_width == pytest.approx(100, abs=0.1)


def test_one_long_percentile_does_not_make_the_medians_too_short_to_read() -> None:
    (bar,) = waterfall({"fetch": Spread("x", 1, 10, 5_000, 5_000, 5_000)})

    assert (bar.p50_width, bar.p95_width) == (50, 100)


def test_fresher_pins_lie_lower_on_the_timeline() -> None:
    (_, fresh, _), (_, stale, _) = timeline([Dot(0, 50, "fresh"), Dot(1_000, 100, "stale")], median_ms=75).dots

    assert fresh > stale


def test_axis_has_a_handful_of_round_ticks_from_zero() -> None:
    axes = {end: list(ticks(end)) for end in (0.4, 1, 7, 63, 100, 250, 4_321, 98_765)}

    bad = {end: axis for end, axis in axes.items() if axis[0] != 0 or not 2 <= len(axis) <= 6 or axis[-1] > end}
    assert not bad


def test_thumbnail_of_a_box_shows_that_part_and_a_missing_picture_is_grey(tmp_path: Path) -> None:
    half = Image.new("RGB", (100, 100), "red")
    half.paste("blue", (50, 0, 100, 100))
    half.save(tmp_path / "half.png")

    right = thumbnail(tmp_path / "half.png", size_px=40, box=(0.6, 0.2, 0.9, 0.8))

    assert right.getpixel((right.width // 2, right.height // 2)) == (0, 0, 255)
    assert max(right.size) <= 40
    assert thumbnail(tmp_path / "gone.png", size_px=40).getpixel((0, 0)) == (160, 160, 160)
