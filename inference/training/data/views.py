"""The views of a photo that the embedding learns from, in three domains: camera, catalogue and web."""

import numpy as np

from inference.images import Box, Pixels, squash
from inference.training.arrays import Rgba
from inference.training.data.augment import Rng, apply_warp, degrade, jitter_colours, random_warp
from inference.training.data.scenes import compose, paste, tilt

CYCLE = ("camera", "catalogue", "web", "camera")
"""The domains of a photo's views after the first, which is the photo itself; then they repeat."""
RAW, CAMERA, CATALOGUE, WEB = range(4)
EVALUATED_VIEWS = 4
"""Evaluation uses the first view of each domain."""


def domain(view: int) -> str:
    """What view ``view`` of a photo shows: ``raw``, ``camera``, ``catalogue`` or ``web``."""
    return CYCLE[(view - 1) % len(CYCLE)] if view else "raw"


def camera_view(pixels: Pixels, rng: Rng, *, size_px: int) -> Pixels:
    """The photo as another phone might have taken it."""
    matrix = random_warp(size_px, rng, turn_deg=14, tilt=0.07, crop=0.68)
    return degrade(jitter_colours(apply_warp(squash(pixels, size_px), matrix), rng), rng)


def catalogue_view(garment: Rgba, rng: Rng, *, size_px: int) -> Pixels:
    """The garment alone on a plain light background, as shops show it."""
    canvas = np.full((size_px, size_px, 3), rng.integers(225, 256) if rng.random() < 0.6 else 255, np.float32)
    if rng.random() < 0.25:
        canvas[:] = rng.uniform(200, 255, 3)
    margin = rng.uniform(0.02, 0.14)
    item = tilt(np.dstack([jitter_colours(garment[..., :3], rng, strength=0.4), garment[..., 3]]), rng, turn_deg=5)
    paste(canvas, item, Box(margin, margin, 1 - margin, 1 - margin))
    return canvas.astype(np.uint8)


def web_view(garment: Rgba, background: Pixels, others: list[Rgba], rng: Rng, *, size_px: int) -> Pixels:
    """The garment as an object found in a composed scene: cropped by a box that is slightly off."""
    scene = compose(background, [garment, *others], np.zeros(1 + len(others), np.int64), rng, first_on_top=True)
    sides = scene.boxes[-1][2:] - scene.boxes[-1][:2]
    x0, y0, x1, y1 = scene.boxes[-1] + rng.normal(0, 0.035, 4) * np.tile(sides, 2)
    return degrade(squash(scene.pixels, size_px, Box(max(x0, 0), max(y0, 0), min(x1, 1), min(y1, 1))), rng)
