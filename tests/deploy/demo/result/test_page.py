import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from deploy.demo.result.chart import Dot, ticks, timeline, waterfall
from deploy.demo.result.exhibit import Exhibit, Likeness, Thing, most_interesting
from deploy.demo.result.figures import Figures, Percentiles
from deploy.demo.result.page import Story, page
from deploy.demo.result.sheet import contact_sheet, save_sheet
from deploy.demo.result.thumbnail import half_blocks, thumbnail

SHORT = Percentiles(5.0, 9.0, 12.0, 20.0)
FIGURES = Figures(
    pins=3, indexed=2, dead=1, objects=4, freshness_ms=Percentiles(61, 90, 99, 120), stages_ms={"fetch": SHORT}
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


def like(pin_id: str, file: Path | None, *, distance: int = 30) -> Likeness:
    return Likeness(
        pin_id=pin_id,
        title=f"Title of {pin_id}",
        label="shirt",
        box=(0.25, 0.25, 0.75, 0.75),
        distance=distance,
        age_ms=12_000,
        file=file,
    )


def exhibit(file: Path, *, pin_id: str = "query", title: str = "A <b>bold</b> coat") -> Exhibit:
    thing = Thing(slot=1, label="shirt", score=0.93, box=(0.1, 0.2, 0.5, 0.9), similar=(like("other", file),))
    return Exhibit(
        pin_id=pin_id,
        title=title,
        file=file,
        freshness_ms=61,
        things=(thing,),
        related=(like("near", file, distance=14), like("strange", None, distance=70)),
    )


def story(*exhibits: Exhibit) -> Story:
    return Story(
        exhibits=exhibits,
        figures=FIGURES,
        dots=[Dot(1_000, 61.0, "A"), Dot(2_000, 90.0, "B")],
        refused={"broken-1": "a picture that does <not> decode"},
        made_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        subtitle="3 pins at 5 a second",
    )


def test_page_is_well_formed_and_needs_nothing_beside_it(file: Path) -> None:
    outline = Outline()

    html = page(story(exhibit(file)))
    outline.feed(html)

    assert outline.open == []
    assert outline.images
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in outline.images)
    assert all(image.get("alt") for image in outline.images)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', html)
    assert "@import" not in html
    assert "url(" not in html


def test_page_tells_the_pin_its_neighbours_its_objects_and_the_figures(file: Path) -> None:
    html = page(story(exhibit(file)))

    for told in (
        "<em>61 ms</em>",
        "2 of 3",
        "Title of near",
        "distance 14",
        "12 s old",
        "shirt 93%",
        "left:10.00%;top:20.00%;width:40.00%;height:70.00%",
        "90.0",
        "broken-1",
        "prefers-color-scheme: dark",
    ):
        assert told in html


def test_words_of_others_cannot_become_markup(file: Path) -> None:
    html = page(story(exhibit(file, title='<script>alert("x")</script>')))

    assert "<script" not in html
    assert "does &lt;not&gt; decode" in html


def test_only_the_chosen_pin_is_shown(file: Path) -> None:
    html = page(story(exhibit(file), exhibit(file, pin_id="second")))

    assert html.count('type="radio"') == 2
    assert html.count(" checked>") == 1
    assert "body:has(#tab1:checked) #pin1{display:grid}" in html


def test_page_of_a_run_in_which_nothing_was_found_says_so() -> None:
    nothing = Figures(pins=2, indexed=0, dead=2, objects=0, freshness_ms=None, stages_ms={})

    html = page(replace(story(), figures=nothing, dots=[]))

    assert "No pin is in the index" in html
    assert "0 of 2" in html


def test_waterfall_lays_the_medians_end_to_end() -> None:
    svg = waterfall({"fetch": Percentiles(10, 10, 10, 10), "embed": Percentiles(30, 30, 30, 30)})

    bars = re.findall(r'class="bar" x="([\d.]+)" y="\d+" width="([\d.]+)"', svg)
    (first_x, first_width), (second_x, second_width) = [tuple(map(float, bar)) for bar in bars]

    assert second_x == pytest.approx(first_x + first_width, abs=0.2)
    assert second_width == pytest.approx(3 * first_width, abs=0.5)


def test_fresher_pins_lie_lower_on_the_timeline() -> None:
    svg = timeline([Dot(0, 50, "fresh"), Dot(1_000, 100, "stale")], median_ms=75)

    fresh, stale = (float(y) for y in re.findall(r'cy="([\d.]+)"', svg))

    assert fresh > stale


@pytest.mark.parametrize("end", [0.4, 1, 7, 63, 100, 250, 4_321, 98_765])
def test_axis_has_a_handful_of_round_ticks_from_zero(end: float) -> None:
    values = list(ticks(end))

    assert values[0] == 0
    assert 3 <= len(values) <= 8
    assert values[-1] <= end


def test_contact_sheet_has_a_row_for_the_pin_and_one_for_each_object(file: Path, tmp_path: Path) -> None:
    whole = exhibit(file)
    alone = replace(whole, things=())

    save_sheet(whole, tmp_path / "sheet.png")

    assert contact_sheet(whole).height == pytest.approx(2 * contact_sheet(alone).height, abs=20)
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_thumbnail_of_a_box_shows_that_part_and_a_missing_picture_is_grey(tmp_path: Path) -> None:
    half = Image.new("RGB", (100, 100), "red")
    half.paste("blue", (50, 0, 100, 100))
    half.save(tmp_path / "half.png")

    right = thumbnail(tmp_path / "half.png", size_px=40, box=(0.6, 0.2, 0.9, 0.8))

    assert right.getpixel((right.width // 2, right.height // 2)) == (0, 0, 255)
    assert max(right.size) <= 40
    assert thumbnail(tmp_path / "gone.png", size_px=40).getpixel((0, 0)) == (160, 160, 160)


def test_half_blocks_are_half_as_high_as_wide() -> None:
    picture = Image.new("RGB", (64, 64), "teal")

    segments = half_blocks([picture, picture], ["one", "two"], width=10)

    rows = "".join(segment.text for segment in segments.segments).splitlines()
    assert len(rows) == 5 + 1
    assert rows[0].count("▀") == 20


def test_most_interesting_pin_has_several_kinds_of_objects_and_near_neighbours(file: Path) -> None:
    plain = replace(exhibit(file, pin_id="plain"), things=(), related=())
    rich = exhibit(file, pin_id="rich")

    assert [each.pin_id for each in most_interesting([plain, rich], limit=1)] == ["rich"]
