"""The drawn sample pins: the same every time, varied, and honest about what they show."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samples import SamplePin, draw, jpeg
from samples.compose import Pose, box_of, draw_flat
from samples.drawing.cloth import Cloth, Pattern
from samples.drawing.paths import dense, part, trace
from samples.garments.products import product
from samples.layout import Cell, arrange, split
from samples.plan import GROUP_PINS, plan_pin

DATA_SET_LABELS = {
    *("T-Shirt", "Longsleeve", "Pants", "Shoes", "Shirt", "Dress", "Outwear", "Shorts", "Hat"),
    *("Skirt", "Polo", "Undershirt", "Blazer", "Hoodie", "Body", "Top", "Blouse"),
}
SMALL_PX = 48


@pytest.fixture(scope="module")
def group() -> list[SamplePin]:
    """The pins of one whole group, very small."""
    return [draw(number, size_px=SMALL_PX) for number in range(GROUP_PINS)]


def test_same_number_draws_same_bytes_whatever_was_drawn_before() -> None:
    first = draw(7, size_px=160)
    draw(3, size_px=64)

    again = draw(7, size_px=160)

    assert np.array_equal(again.pixels, first.pixels)
    assert (again.objects, again.title, again.domain) == (first.objects, first.title, first.domain)
    assert jpeg(again) == jpeg(first)


def test_another_process_draws_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "samples", "--out", str(tmp_path), "--pins", "2", "--size", "96"]
    subprocess.run(command, check=True, capture_output=True)

    for number in range(2):
        pin = draw(number, size_px=96)
        assert (tmp_path / f"{pin.pin_id}.jpg").read_bytes() == jpeg(pin)
    listed = json.loads((tmp_path / "objects.json").read_text())
    assert listed["sample-00001.jpg"] == [
        {"label": seen.label, "box": list(seen.box), "product": seen.product} for seen in draw(1, size_px=96).objects
    ]


@settings(max_examples=12, deadline=None)
@given(number=st.integers(0, 2**40), size_px=st.integers(32, 96))
def test_any_number_gives_a_pin_of_the_asked_size_with_boxes_inside(number: int, size_px: int) -> None:
    pin = draw(number, size_px=size_px)

    height, width, channels = pin.pixels.shape
    assert (max(height, width), channels) == (size_px, 3)
    assert pin.pixels.dtype == np.dtype(np.uint8)
    for seen in pin.objects:
        x0, y0, x1, y1 = seen.box
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1


@pytest.mark.parametrize(("number", "size_px"), [(-1, 512), (0, 31)])
def test_impossible_requests_are_named(number: int, size_px: int) -> None:
    with pytest.raises(ValueError, match=f"pin {number} at {size_px} px"):
        draw(number, size_px=size_px)


def test_jpeg_is_a_jpeg_of_the_same_picture() -> None:
    pin = draw(2, size_px=128)

    decoded = cv2.imdecode(np.frombuffer(jpeg(pin), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]

    assert decoded.shape == pin.pixels.shape
    assert np.abs(decoded.astype(int) - pin.pixels.astype(int)).mean() < 8


def test_pins_vary_in_everything_a_reader_sees(group: list[SamplePin]) -> None:
    aspects = {round(pin.pixels.shape[1] / pin.pixels.shape[0], 1) for pin in group}
    domains = Counter(pin.domain for pin in group)
    corners = np.array([pin.pixels[:4, :4].mean(axis=(0, 1)) for pin in group])

    assert 1.0 in aspects
    assert min(aspects) < 0.8
    assert max(aspects) > 1.2
    assert all(domains[domain] >= 10 for domain in ("camera", "web", "catalog"))
    assert (corners.std(axis=0) > 20).all()
    assert len({pin.title for pin in group}) > 20
    assert len({pin.pin_id for pin in group}) == len(group)
    assert len({pin.pixels.tobytes() for pin in group}) == len(group)


def test_a_pin_shows_what_was_planned_for_it(group: list[SamplePin]) -> None:
    for number, pin in enumerate(group):
        planned = plan_pin(number)
        assert pin.domain == planned.domain
        assert {(seen.product, seen.label) for seen in pin.objects} == {(p.key, p.label) for p in planned.products}


def test_every_label_of_the_data_set_is_drawn_and_no_other() -> None:
    planned = Counter(shown.label for number in range(200) for shown in plan_pin(number).products)

    assert set(planned) == DATA_SET_LABELS
    assert min(planned.values()) >= 5


def test_each_product_is_seen_again_in_every_domain() -> None:
    domains: dict[str, set[str]] = {}
    for number in range(200):
        for shown in plan_pin(number).products:
            domains.setdefault(shown.key, set()).add(plan_pin(number).domain)

    assert len(domains) == 55
    assert all(where == {"camera", "web", "catalog"} for where in domains.values())


def test_some_pins_show_no_garment_and_some_show_several() -> None:
    counts = Counter(len(plan_pin(number).products) for number in range(200))

    assert counts[0] == 35
    assert min(counts[2], counts[3], counts[4]) >= 5


def test_a_flat_lay_shows_its_garments_beside_each_other(group: list[SamplePin]) -> None:
    for pin in group:
        for i, one in enumerate(pin.objects):
            for other in pin.objects[i + 1 :]:
                assert _overlap(one.box, other.box) < 0.15, pin.pin_id


@settings(max_examples=10, deadline=None)
@given(number=st.integers(0, 10_000), turn=st.floats(-30, 30), size=st.floats(0.3, 0.8))
def test_box_is_tight_around_the_outlines_that_were_drawn(number: int, turn: float, size: float) -> None:
    item = product(number)
    layers = item.layers(np.random.default_rng(number))
    pose = Pose(x=0.5, y=0.5, width=size, height=size, turn=turn)

    mask = draw_flat(np.zeros((80, 90, 3), np.uint8), layers, item.cloth, pose, np.random.default_rng(1))

    angle = np.deg2rad(turn)
    points = np.concatenate([layer.outline for layer in layers])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    wide, tall = points.max(axis=0) - points.min(axis=0)
    across = wide * np.cos(angle) + tall * abs(np.sin(angle))
    down = wide * abs(np.sin(angle)) + tall * np.cos(angle)
    scale = min(size * 90 / across, size * 80 / down)
    x, y = ((points - middle) * scale).T
    drawn_x = 45 + x * np.cos(angle) - y * np.sin(angle)
    drawn_y = 40 + x * np.sin(angle) + y * np.cos(angle)
    expected = [drawn_x.min(), drawn_y.min(), drawn_x.max(), drawn_y.max()]
    assert box_of(mask) == _slow_box(mask)
    assert np.array(box_of(mask)) * (90, 80, 90, 80) == pytest.approx(np.array(expected), abs=1.6)


def test_box_of_nothing_is_the_whole_picture() -> None:
    assert box_of(np.zeros((4, 4), np.uint8)) == (0.0, 0.0, 1.0, 1.0)


def test_a_product_keeps_its_cut_and_cloth_and_only_lies_differently() -> None:
    item = product(21)

    outlines = [[len(layer.outline) for layer in item.layers(np.random.default_rng(seed))] for seed in (1, 2)]

    assert product(21) == item
    assert outlines[0] == outlines[1]
    assert product(22) != item


def test_a_swatch_repeats_without_a_visible_edge() -> None:
    with_edge = []
    for pattern in get_args(Pattern):
        tile = Cloth((180, 60, 60), pattern, (240, 240, 240)).tile(9.3, np.random.default_rng(0)).astype(int)
        inside = np.abs(np.diff(tile, axis=1)).mean()
        across_the_edge = np.abs(tile[:, 0] - tile[:, -1]).mean()
        if across_the_edge > 3 * inside + 4:
            with_edge.append(pattern)

    assert not with_edge


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=5))
def test_shares_fill_the_cell_in_proportion_to_their_weights(weights: list[float]) -> None:
    cells = split(Cell(0, 0, 3, 2), weights)

    areas = [(cell.x1 - cell.x0) * (cell.y1 - cell.y0) for cell in cells]
    assert areas == pytest.approx([6 * weight / sum(weights) for weight in weights])


def test_arranged_gives_the_tall_thing_the_tall_cell() -> None:
    tall, wide = arrange(Cell(0, 0, 3, 2), [(1, 4), (3, 2)], [1, 2])

    assert tall.y1 - tall.y0 > tall.x1 - tall.x0
    assert wide.x1 - wide.x0 >= wide.y1 - wide.y0


@given(start=st.floats(0, 5), length=st.floats(0.5, 5))
def test_part_of_a_line_is_as_long_as_asked_and_lies_on_it(start: float, length: float) -> None:
    line = trace((0, 0), (4, 0), (4, 8))

    cut = part(line, start, start + length)

    assert np.linalg.norm(np.diff(cut, axis=0), axis=1).sum() == pytest.approx(length)
    assert (np.isclose(cut[:, 1], 0) | np.isclose(cut[:, 0], 4)).all()


def test_dense_adds_points_and_moves_none() -> None:
    line = trace((0, 0), (10, 0), (10, 1))

    finer = dense(line, 3.0)

    assert np.linalg.norm(np.diff(finer, axis=0), axis=1).max() <= 3.0
    assert all(any(np.allclose(point, other) for other in finer) for point in line)


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Shared area as a part of the smaller box."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return max(0.0, wide) * max(0.0, tall) / min(areas)


def _slow_box(mask: np.ndarray[Any, Any]) -> tuple[float, float, float, float]:
    height, width = mask.shape
    points = [(x, y) for y in range(height) for x in range(width) if mask[y, x] >= 128]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return (min(xs) / width, min(ys) / height, (max(xs) + 1) / width, (max(ys) + 1) / height)
