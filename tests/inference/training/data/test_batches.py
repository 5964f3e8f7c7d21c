"""What training reads: balanced, repeatable, each part to itself."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from inference.images import Pixels
from inference.training.data.augment import keyed_rng
from inference.training.data.batches import balanced_weights, broad_batches, embed_batches
from inference.training.data.broad import BroadPictures
from inference.training.data.masks import MASK_PX, GarmentMasks
from inference.training.data.photo_pool import PhotoPool
from inference.training.data.photos import Photo
from inference.training.data.scene_maker import SceneMaker, SceneShares
from inference.training.data.views import CAMERA, CATALOGUE, RAW, WEB, domain


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> PhotoPool:
    """Eight photos of squares; the last two belong to another part."""
    import cv2

    folder = tmp_path_factory.mktemp("photos")
    photos = []
    for i in range(8):
        pixels = np.full((96, 80, 3), 30 * i, np.uint8)
        pixels[20:70, 20:60] = (255 - 30 * i, 90, 120)
        path = folder / f"{i}.png"
        cv2.imwrite(str(path), pixels)
        photos.append(Photo(path, str(i // 2), i % 2))
    masks = np.zeros((8, MASK_PX, MASK_PX), bool)
    masks[:, 30:105, 36:108] = True
    return PhotoPool(tuple(photos), GarmentMasks(masks, np.ones(8, bool)), np.arange(6))


def test_rare_labels_are_drawn_more_often_than_they_occur_but_not_as_often_as_common_ones() -> None:
    labels = np.array([0] * 90 + [1] * 10)

    share = balanced_weights(labels)[labels == 1].sum()

    assert 0.1 < share < 0.5
    assert share == pytest.approx(10**0.5 / (10**0.5 + 90**0.5))


def test_batches_and_scenes_hold_rare_labels_in_that_share(pool: PhotoPool) -> None:
    labels = np.array([0] * 90 + [1] * 10)
    batches = embed_batches(labels, views=4, photos_per_batch=20, seed=0)
    chosen = np.concatenate([labels[next(batches)[0]] for _ in range(60)])
    rare = np.array([0, 0, 0, 0, 0, 1, 1, 1])  # one in six of those that may appear
    maker = SceneMaker(pool, rare, SceneShares(composed=0.0, whole=1.0, mosaic=0.0), seed=0)
    scenes = np.concatenate([maker.scene(number).labels for number in range(300)])

    assert 0.17 < chosen.mean() < 0.33  # one in ten occurs; a quarter is wanted
    assert 0.23 < scenes.mean() < 0.39  # 0.17 occurs; 0.31 is wanted


def test_the_views_that_evaluation_uses_are_one_of_each_domain() -> None:
    assert [domain(view) for view in (RAW, CAMERA, CATALOGUE, WEB)] == ["raw", "camera", "catalogue", "web"]


def test_every_photo_of_a_batch_comes_in_two_different_domains() -> None:
    rows, views = next(embed_batches(np.zeros(50, np.int64), views=9, photos_per_batch=16, seed=1))

    kinds = np.array([{"raw": "photo", "camera": "photo"}.get(domain(v), domain(v)) for v in views])
    assert (rows[:16] == rows[16:]).all()
    assert (kinds[:16] != kinds[16:]).all()
    assert set(kinds) == {"photo", "catalogue", "web"}


def test_every_broad_picture_of_a_batch_comes_in_two_different_views() -> None:
    rows, views = next(broad_batches(30, views=3, pictures_per_batch=8, seed=1))

    assert (rows[:8] == rows[8:]).all()
    assert (views[:8] != views[8:]).all()
    assert len(set(rows)) == 8


def test_a_resumed_run_sees_the_batches_it_would_have_seen() -> None:
    labels = np.arange(40) % 3
    whole = embed_batches(labels, views=6, photos_per_batch=4, seed=5)
    for _ in range(7):
        next(whole)

    later = embed_batches(labels, views=6, photos_per_batch=4, seed=5, first_step=7)

    for a, b in zip(next(whole), next(later), strict=True):
        assert (a == b).all()


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
    """Green is on no photo here: it comes with the others, alone, as a ground and as a thing beside garments."""
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


def test_every_view_is_what_the_model_takes(pool: PhotoPool) -> None:
    pictures = [pool.view(2, view, keyed_rng("a", view)) for view in range(6)]

    assert {(picture.shape, picture.dtype.name) for picture in pictures} == {((224, 224, 3), "uint8")}


def test_broad_pictures_are_files_first_and_then_made_ones(pool: PhotoPool) -> None:
    broad = BroadPictures((pool.photos[0].path,), made=2, pool=pool, seed=0)

    seen = [broad.view(index, number) for index in range(len(broad)) for number in range(2)]

    assert len(seen) == 6
    assert all(picture.shape == (224, 224, 3) and picture.dtype == np.uint8 for picture in seen)
    assert (seen[0] == pool.picture(0, size_px=224)).all()
    assert (broad.view(1, 1) == seen[3]).all()
