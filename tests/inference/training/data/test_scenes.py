"""Made pictures: same seed, same picture; boxes where the garments are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.images import Pixels
from inference.training.arrays import Rgba
from inference.training.data.augment import shift_hue
from inference.training.data.backgrounds import background, drawn_background
from inference.training.data.distractors import drawn_distractor
from inference.training.data.masks import MASK_PX
from inference.training.data.scenes import DISTRACTOR, Scene, compose, mosaic, photo_scene
from inference.training.data.views import catalogue_view, web_view


def photo() -> Pixels:
    """A red square on blue, a little left of the middle, with grain."""
    pixels = np.full((200, 160, 3), (40, 60, 200), np.uint8)
    pixels[50:150, 30:110] = (210, 40, 50)
    grain = np.random.default_rng(0).integers(0, 12, pixels.shape, dtype=np.uint8)
    return pixels + grain


def garment(colour: tuple[int, int, int] = (250, 10, 20)) -> Rgba:
    return np.dstack([np.full((60, 40, 3), colour, np.uint8), np.full((60, 40), 255, np.uint8)])


@given(st.integers(0, 10_000), st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_boxes_of_a_composed_scene_lie_in_it_and_hold_the_garments(seed: int, count: int) -> None:
    background = np.zeros((64, 64, 3), np.uint8)

    scene = compose(background, [garment((250, 250, 250))] * count, np.arange(count), np.random.default_rng(seed))

    assert 1 <= len(scene.boxes) <= count
    assert len(scene.labels) == len(scene.boxes)
    assert (scene.boxes >= 0).all()
    assert (scene.boxes <= 1.0001).all()
    outside = scene.pixels.copy()
    for x0, y0, x1, y1 in (scene.boxes * 64).round().astype(int):
        outside[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = 0
    assert (outside == 0).all()


def test_distractors_have_no_box() -> None:
    labels = np.array([DISTRACTOR, 3])

    scene = compose(np.zeros((64, 64, 3), np.uint8), [garment(), garment()], labels, np.random.default_rng(1))

    assert scene.labels.tolist() == [3]


def test_another_hue_leaves_greys_grey() -> None:
    red, grey = (np.full((4, 4, 3), colour, np.uint8) for colour in ((200, 30, 40), (90, 90, 90)))

    hues = {tuple(shift_hue(red, np.random.default_rng(seed))[0, 0]) for seed in range(20)}

    assert len(hues) > 10
    assert {max(hue) for hue in hues} <= {199, 200, 201}
    assert (shift_hue(grey, np.random.default_rng(1)) == grey).all()


def test_a_mosaic_moves_boxes_with_their_pictures() -> None:
    part = Scene(np.full((16, 16, 3), 9, np.uint8), np.array([[0.0, 0.5, 1.0, 1.0]]), np.array([2]))

    scene = mosaic([part] * 4, 2, 2, size_px=32)

    assert scene.boxes[3] == pytest.approx([0.5, 0.75, 1.0, 1.0])
    assert scene.labels.tolist() == [2] * 4
    assert (scene.pixels == 9).all()


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_every_made_picture_is_the_same_for_the_same_seed(seed: int) -> None:
    mask = np.zeros((MASK_PX, MASK_PX), bool)
    mask[36:108, 27:100] = True

    def make() -> list[Pixels]:
        rng = np.random.default_rng(seed)
        return [
            drawn_background(rng, size_px=48),
            background(photo(), mask, rng, size_px=48),
            drawn_distractor(photo(), rng),
            catalogue_view(garment(), rng, size_px=48),
            web_view(garment(), np.zeros((96, 96, 3), np.uint8), [garment((0, 99, 0))], rng, size_px=48),
            photo_scene(photo(), mask, 1, rng, size_px=48).pixels,
        ]

    first, again = make(), make()

    assert all((a == b).all() and a.dtype == np.uint8 for a, b in zip(first, again, strict=True))


def test_a_web_view_shows_the_garment() -> None:
    view = web_view(garment(), np.zeros((96, 96, 3), np.uint8), [], np.random.default_rng(4), size_px=64)

    assert (view[24:40, 24:40, 0] > 100).mean() > 0.9
