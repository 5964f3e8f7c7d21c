"""Height and light: how the waves and creases of cloth catch a lamp at the upper left."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from samples.drawing.paths import Points
from samples.drawing.raster import Field, Pixels


def hillshade(relief: Field, reach: float) -> Field:
    """How much a relief rises towards the lower right over ``reach`` cells: the side that faces the lamp."""
    step = max(1, round(reach))
    light = np.zeros_like(relief)
    light[step:, step:] = relief[step:, step:] - relief[:-step, :-step]
    return light


def wrinkles(width: int, height: int, scale: float, rng: np.random.Generator) -> Field:
    """Light on slow waves and on creases, around 0, ``(height, width) float32``, at ``scale`` cells per centimetre."""
    cells = max(2, round(height / (15 * scale))) + 2, max(2, round(width / (11 * scale))) + 2
    swell = cv2.resize(rng.standard_normal(cells, dtype=np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    light = 0.085 * hillshade(swell, 1.2 * scale)
    lean = rng.uniform(-0.6, 0.6)
    area_cm2 = width * height / scale**2
    for count, length_cm, width_cm, strength in ((area_cm2 / 260, 17.0, 1.9, 0.42), (area_cm2 / 320, 8.0, 0.8, 0.30)):
        relief = np.zeros((height, width), np.uint8)
        lines = _creases(min(40, round(count)), lean, rng) * (length_cm * scale)
        lines += rng.uniform((0, 0), (width, height), (len(lines), 1, 2))
        stroke(relief, lines, 110, max(1, round(0.5 * width_cm * scale)))
        stroke(relief, lines[:, 2:7], 230, max(1, round(0.8 * width_cm * scale)))
        soft = cv2.GaussianBlur(relief, (0, 0), max(0.6, 0.55 * width_cm * scale)).astype(np.float32) / 255
        light += strength * hillshade(soft, 0.6 * width_cm * scale)
    return np.asarray(light)


def _creases(count: int, lean: float, rng: np.random.Generator) -> Points:
    """Gently curved lines around the origin, about 1 long, most of them near one direction, ``(count, 9, 2)``."""
    at = np.linspace(-0.5, 0.5, 9)
    bow = rng.normal(0, 0.22, (count, 1)) * (at**2 - 0.08)
    along = np.stack((np.broadcast_to(at, bow.shape), bow), axis=2) * rng.uniform(0.5, 1.3, (count, 1, 1))
    turn = lean + rng.normal(0, 0.5, count) + np.where(rng.random(count) < 0.65, np.pi / 2, 0.0)
    cos, sin = np.cos(turn)[:, None], np.sin(turn)[:, None]
    x, y = along[..., 0], along[..., 1]
    return np.stack((x * cos - y * sin, x * sin + y * cos), axis=2)


def stroke(image: Pixels, lines: Sequence[Points] | Points, value: float, thickness: int) -> None:
    """Draws open lines in place, anti-aliased; coordinates in pixels."""
    drawn = list(fixed_point(lines)) if isinstance(lines, np.ndarray) else [fixed_point(line) for line in lines]
    cv2.polylines(image, drawn, False, (value,), thickness, cv2.LINE_AA, 4)


def fixed_point(points: Points) -> npt.NDArray[np.int32]:
    """Pixel coordinates as cv2 takes them with ``shift=4``."""
    return np.ascontiguousarray(np.round(points * 16), dtype=np.int32)


def dashes(line: Points, length: float) -> Points:
    """A line cut into stitches of that length, with gaps between them, ``(n, 2, 2)``."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    starts = np.arange(0.0, along[-1], 1.6 * max(length, 1.0))
    ends = np.minimum(starts + max(length, 1.0), along[-1])
    x, y = (np.interp(np.stack((starts, ends)), along, line[:, axis]) for axis in (0, 1))
    return np.stack((x, y), axis=2).transpose(1, 0, 2)
