"""Height and light: how the waves and creases of cloth catch a lamp at the upper left."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from deploy.samples.paths import Points
from deploy.samples.raster import Field, Pixels


def lit(relief: Field, reach: float) -> Field:
    """How much a relief rises towards the lower right over ``reach`` cells: the side that faces the lamp."""
    step = max(1, round(reach))
    light = np.zeros_like(relief)
    light[step:, step:] = relief[step:, step:] - relief[:-step, :-step]
    return light


def wrinkles(width: int, height: int, scale: float, rng: np.random.Generator) -> Field:
    """Light on slow waves and on creases, around 0, ``(height, width) float32``, at ``scale`` cells per centimetre."""
    cells = max(2, round(height / (15 * scale))) + 2, max(2, round(width / (11 * scale))) + 2
    swell = cv2.resize(rng.standard_normal(cells, dtype=np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    light = 0.085 * lit(swell, 1.2 * scale)
    lean = rng.uniform(-0.6, 0.6)
    area_cm2 = width * height / scale**2
    for count, length_cm, width_cm, strength in ((area_cm2 / 260, 17.0, 1.9, 0.42), (area_cm2 / 320, 8.0, 0.8, 0.30)):
        relief = np.zeros((height, width), np.uint8)
        for _ in range(min(40, round(count))):
            _crease(relief, length_cm * scale * rng.uniform(0.5, 1.3), width_cm * scale, lean + rng.normal(0, 0.5), rng)
        soft = cv2.GaussianBlur(relief, (0, 0), max(0.6, 0.55 * width_cm * scale)).astype(np.float32) / 255
        light += strength * lit(soft, 0.6 * width_cm * scale)
    return np.asarray(light)


def _crease(relief: Pixels, length: float, width: float, angle: float, rng: np.random.Generator) -> None:
    """One gently curved stroke, highest in its middle."""
    height, across = relief.shape
    at = np.linspace(-0.5, 0.5, 9)
    along = np.stack((at, rng.normal(0, 0.22) * (at**2 - 0.08)), axis=1) * length
    turn = np.pi / 2 + angle if rng.random() < 0.65 else angle
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    line = along @ rotation + (rng.uniform(0, across), rng.uniform(0, height))
    stroke(relief, [line], 110, max(1, round(0.5 * width)))
    stroke(relief, [line[2:7]], int(rng.uniform(150, 255)), max(1, round(0.8 * width)))


def stroke(image: Pixels, lines: Sequence[Points], value: float, thickness: int) -> None:
    """Draws open lines in place, anti-aliased; coordinates in pixels."""
    cv2.polylines(image, [fixed(line) for line in lines], False, (value,), thickness, cv2.LINE_AA, 4)


def fixed(points: Points) -> npt.NDArray[np.int32]:
    """Pixel coordinates as cv2 takes them with ``shift=4``."""
    return np.asarray(np.round(points * 16), dtype=np.int32)


def dashes(line: Points, length: float) -> list[Points]:
    """A line cut into stitches of that length, with gaps between them."""
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    starts = np.arange(0.0, along[-1], 1.6 * max(length, 1.0))
    ends = np.minimum(starts + max(length, 1.0), along[-1])
    x, y = (np.interp(np.stack((starts, ends)), along, line[:, axis]) for axis in (0, 1))
    return list(np.stack((x, y), axis=2).transpose(1, 0, 2))
