"""What stands on white is cut out."""

import numpy as np
import pytest

from inference.training.data.distractors import cut_from_white


def test_what_stands_on_white_is_cut_free_and_cropped() -> None:
    picture = np.full((60, 80, 3), 252, np.uint8)
    picture[20:40, 10:50] = (200, 30, 40)
    picture[25:30, 20:30] = 255  # white inside the thing stays

    item = cut_from_white(picture)

    assert item.shape == (20, 40, 4)
    assert (item[..., 3] == 255).all()
    assert (item[0, 0, :3] == (200, 30, 40)).all()


@pytest.mark.parametrize("shade", [90, 255])
def test_a_picture_without_white_background_or_thing_stays_whole(shade: int) -> None:
    picture = np.full((60, 80, 3), shade, np.uint8)

    assert (cut_from_white(picture) == np.dstack([picture, np.full((60, 80), 255, np.uint8)])).all()
