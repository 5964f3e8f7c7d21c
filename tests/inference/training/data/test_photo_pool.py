"""Views of photos, and broad pictures."""

import numpy as np

from inference.training.data.augment import keyed_rng
from inference.training.data.broad import BroadPictures
from inference.training.data.photo_pool import PhotoPool
from inference.training.data.views import CAMERA, CATALOGUE, RAW, WEB, domain


def test_evaluation_uses_one_view_of_each_domain() -> None:
    assert [domain(view) for view in (RAW, CAMERA, CATALOGUE, WEB)] == ["raw", "camera", "catalogue", "web"]


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
