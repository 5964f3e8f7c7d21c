"""Masks are where the garment is."""

import numpy as np
import pytest

from inference.images import Pixels
from inference.training.data.masks import box_of, cut_out, garment_mask


def photo() -> Pixels:
    """A red square on blue, a little left of the middle, with grain."""
    pixels = np.full((200, 160, 3), (40, 60, 200), np.uint8)
    pixels[50:150, 30:110] = (210, 40, 50)
    grain = np.random.default_rng(0).integers(0, 12, pixels.shape, dtype=np.uint8)
    return pixels + grain


def test_a_clear_outline_is_where_the_garment_is() -> None:
    mask = garment_mask(photo())
    assert mask is not None

    box = box_of(mask)
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((30 / 160, 0.25, 110 / 160, 0.75), abs=0.03)


def test_a_bare_wall_has_no_outline() -> None:
    assert garment_mask(np.full((100, 100, 3), 128, np.uint8)) is None


def test_a_cut_out_is_cropped_to_its_garment() -> None:
    mask = garment_mask(photo())
    assert mask is not None

    cut = cut_out(photo(), mask)

    assert cut.shape[:2] == pytest.approx((100, 80), abs=8)
    assert (cut[cut[..., 3] > 200][:, 0] > 150).mean() > 0.95
