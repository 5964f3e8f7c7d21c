"""Things that are no garment, to be pasted on scenes next to garments: the detector has to leave them alone."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from inference.images import Pixels, squash
from inference.training.arrays import Rgba
from inference.training.data.augment import Rng
from inference.training.data.masks import crop_to_alpha

WHITE: Final = 240
"""The darkest channel of a white background is at least this."""
MIN_SHARE: Final = 0.03
"""What stands on white must cover this share of its picture; less is only a line or two."""


def drawn_distractor(pixels: Pixels, rng: Rng) -> Rgba:
    """A random outline filled with a colour or a piece of a photo, shaded: no garment, though it may show cloth."""
    side = 128
    fill = np.empty((side, side, 3), np.uint8)
    if rng.random() < 0.5:
        height, width = pixels.shape[:2]
        piece = int(min(height, width) * rng.uniform(0.15, 0.45))
        y, x = int(rng.integers(0, height - piece)), int(rng.integers(0, width - piece))
        fill = squash(pixels[y : y + piece, x : x + piece], side)
    else:
        fill[:] = rng.integers(0, 256, 3)
    lit = np.linspace(rng.uniform(0.5, 1.3), rng.uniform(0.5, 1.3), side)[None, :, None]
    shaded = np.clip(fill * (lit if rng.random() < 0.5 else lit.transpose(1, 0, 2)), 0, 255).astype(np.uint8)
    alpha = np.zeros((side, side), np.uint8)
    cv2.fillPoly(alpha, [_outline(rng, side)], (255,), cv2.LINE_AA)
    if rng.random() < 0.4:
        cv2.polylines(shaded, [_outline(rng, side)], True, tuple(int(c) for c in rng.integers(0, 256, 3)), 3)
    return crop_to_alpha(np.dstack([shaded, alpha]), over=127)


def cut_from_white(picture: Pixels) -> Rgba:
    """What stands on a picture's white background; the whole picture where there is none."""
    height, width = picture.shape[:2]
    canvas, outside = picture.copy(), np.zeros((height + 2, width + 2), np.uint8)
    for corner in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
        if picture[corner[1], corner[0]].min() >= WHITE and not outside[corner[1] + 1, corner[0] + 1]:
            flags = 4 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
            cv2.floodFill(canvas, outside, corner, (0,), (255 - WHITE,) * 3, (255 - WHITE,) * 3, flags)
    alpha = np.asarray(255 - outside[1:-1, 1:-1], np.uint8)
    if (alpha > 0).mean() < MIN_SHARE:
        alpha[:] = 255
    return crop_to_alpha(np.dstack([picture, alpha]))


def _outline(rng: Rng, side: int) -> npt.NDArray[np.int32]:
    """A rectangle, disc, star or soft blob, ``(k, 2) int32`` pixels."""
    kind = rng.integers(4)
    corners = {0: 4, 1: 40, 2: 2 * int(rng.integers(3, 9)), 3: 40}[int(kind)]
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + (np.pi / 4 if kind == 0 else rng.uniform(0, 6))
    radii = np.ones(corners)
    if kind == 2:
        radii[::2] = rng.uniform(0.3, 0.8)
    if kind == 3:
        for wave in range(1, 5):
            radii += rng.uniform(-0.3, 0.3) / wave * np.cos(wave * angles + rng.uniform(0, 6))
    stretch = np.array([1.0, rng.uniform(0.25, 1.0)])
    points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None] * stretch
    return np.asarray((points / np.abs(points).max() * 0.47 + 0.5) * side, np.int32)
