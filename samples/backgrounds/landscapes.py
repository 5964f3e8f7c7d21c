"""Landscapes: hills behind hills under a sky, with a sun, water or trees."""

from typing import Final

import cv2
import numpy as np

from samples.backgrounds.surfaces import waves
from samples.drawing.raster import Field, Pixels, floats, pixels

SKIES: Final = (
    ((126, 176, 222), (232, 232, 222), (74, 110, 92)),
    ((236, 150, 96), (250, 216, 160), (110, 70, 84)),
    ((88, 96, 150), (232, 178, 176), (52, 54, 88)),
    ((168, 198, 206), (240, 236, 226), (92, 120, 124)),
)
"""Colour at the top, at the horizon, and of the nearest hill."""


def landscape(width: int, height: int, rng: np.random.Generator) -> Pixels:
    """Ranges that grow darker as they come nearer, ``(height, width, 3) uint8``."""
    top, horizon, near = (floats(c) for c in SKIES[int(rng.integers(len(SKIES)))])
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    sky = top + (horizon - top) * np.clip(down * 1.7, 0, 1)
    picture = np.broadcast_to(sky, (height, width, 3)).copy()
    clouds = waves(width, height, rng, across=4, down=14) + 0.5 * waves(width, height, rng, across=10, down=30)
    picture += (np.clip(clouds - 0.6, 0, 1) * 40)[..., None] * (1 - down)
    _sun(picture, rng)
    ranges = int(rng.integers(4, 7))
    for i in range(ranges):
        share = (i + 1) / ranges
        _range(picture, horizon + (near - horizon) * share, 0.42 + 0.42 * share, 0.16 * (1.3 - share), rng)
    return pixels(picture)


def _sun(picture: Field, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    disc = np.zeros((height, width), np.uint8)
    centre = (int(rng.uniform(0.2, 0.8) * width), int(rng.uniform(0.18, 0.42) * height))
    cv2.circle(disc, centre, max(2, int(0.06 * width)), (255,), -1, cv2.LINE_AA)
    small = cv2.resize(disc, (max(1, width // 8), max(1, height // 8)), interpolation=cv2.INTER_AREA)
    glow = cv2.resize(
        cv2.GaussianBlur(small, (0, 0), max(1.0, width / 90)), (width, height), interpolation=cv2.INTER_LINEAR
    )
    picture += (disc.astype(np.float32) / 255 * 60 + glow.astype(np.float32) / 255 * 70)[..., None]


def _range(picture: Field, colour: Field, level: float, rough: float, rng: np.random.Generator) -> None:
    """One ridge across the picture, lighter towards its foot where the haze lies."""
    height, width = picture.shape[:2]
    crest = sum(
        amount * waves(width, 1, rng, across=swells, down=1)[0]
        for swells, amount in ((3, 0.5), (8, 0.22), (24, 0.07), (80, 0.02))
    )
    edge = height * (level - rough * crest)
    cover = np.clip(np.arange(height, dtype=np.float32)[:, None] - edge[None] + 0.5, 0, 1)[..., None]
    haze = np.clip((np.arange(height, dtype=np.float32)[:, None] - edge[None]) / (0.3 * height), 0, 1)[..., None]
    picture += (colour * (1 + 0.22 * haze) - picture) * cover
