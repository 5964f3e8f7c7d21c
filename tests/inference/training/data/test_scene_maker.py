"""Scenes come in their shares, repeatably, and each part keeps to itself."""

import dataclasses
from pathlib import Path

import numpy as np

from inference.images import Pixels
from inference.training.data.augment import keyed_rng
from inference.training.data.photo_pool import PhotoPool
from inference.training.data.scene_maker import SceneMaker, SceneShares


def test_scenes_show_only_garments_of_their_own_part(pool: PhotoPool) -> None:
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    maker = SceneMaker(pool, labels, SceneShares(), seed=0)

    seen = [label for number in range(60) for label in maker.scene(number).labels]

    assert seen
    assert set(seen) == {0}


def test_scenes_come_in_their_shares_and_some_are_empty(pool: PhotoPool) -> None:
    maker = SceneMaker(pool, np.zeros(8, np.int64), SceneShares(composed=0.5, whole=0.2, mosaic=0.1), seed=0)

    counts = np.array([len(maker.scene(number).labels) for number in range(150)])

    assert 0.08 < (counts == 0).mean() < 0.35
    assert (counts > 1).any()


def test_pictures_of_anything_are_what_is_no_garment(pool: PhotoPool, tmp_path: Path) -> None:
    """Green is on no photo here: it comes with the others, alone, as a background and as a distractor."""
    import cv2

    path = tmp_path / "green.png"
    cv2.imwrite(str(path), np.full((300, 300, 3), (0, 220, 0), np.uint8))
    mix = SceneShares(composed=0.5, whole=0.0, mosaic=0.0)
    makers = [
        SceneMaker(dataclasses.replace(pool, others=others), np.zeros(8, np.int64), mix, seed=0)
        for others in ((), (path,))
    ]

    def green_share(pixels: Pixels) -> float:
        red, green, blue = pixels.astype(int).reshape(-1, 3).T
        return float(((green > 90) & (red < green / 3) & (blue < green / 3)).mean())

    without, with_them = ([maker.scene(number) for number in range(60)] for maker in makers)

    assert max(green_share(scene.pixels) for scene in without) < 0.9
    assert any(green_share(scene.pixels) > 0.95 for scene in with_them)
    assert any(0.05 < green_share(scene.pixels) < 0.95 and len(scene.boxes) for scene in with_them)
    assert all(len(scene.boxes) == 0 for scene in with_them if green_share(scene.pixels) > 0.99)


def test_as_many_garments_as_asked_get_another_colour(pool: PhotoPool) -> None:
    labels = np.zeros(8, np.int64)
    plain, coloured = (SceneMaker(pool, labels, SceneShares(1.0, 0.0, 0.0, share), seed=2) for share in (0.0, 1.0))

    assert (plain._garment(1, keyed_rng("a"))[..., :3] == pool.garment(1)[..., :3]).all()
    assert (coloured._garment(1, keyed_rng("a"))[..., :3] != pool.garment(1)[..., :3]).any()
    assert (coloured._garment(1, keyed_rng("a"))[..., 3] == pool.garment(1)[..., 3]).all()


def test_the_same_number_is_the_same_scene(pool: PhotoPool) -> None:
    labels = np.zeros(8, np.int64)

    one, other = (SceneMaker(pool, labels, SceneShares(), seed=3).scene(11) for _ in range(2))

    assert (one.pixels == other.pixels).all()
    assert (one.boxes == other.boxes).all()
