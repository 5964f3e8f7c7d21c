"""The arrays that everything here is drawn on."""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[Any]
"""A picture ``(h, w, 3) uint8`` RGB, or a mask ``(h, w) uint8``."""

Field = npt.NDArray[Any]
"""One number per pixel, ``(h, w) float32``, or a colour as ``(3,) float32``."""

RGB = tuple[int, int, int]


def floats(values: Sequence[float] | Sequence[Sequence[float]]) -> Field:
    """The numbers as ``float32``."""
    return np.array(values, dtype=np.float32)


def pixels(values: Field) -> Pixels:
    """The values as ``uint8``, those out of range cut off."""
    return np.asarray(np.clip(values, 0, 255).astype(np.uint8))


def as_rgb(channel: Pixels) -> Pixels:
    """One channel as three equal ones, ``(h, w, 3)``."""
    return np.asarray(cv2.merge((channel, channel, channel)))


def tinted(colour: Sequence[float] | Field, light: Field) -> Pixels:
    """One colour under varying light, ``(h, w, 3) uint8``: each channel is its value times ``light`` (0 or more)."""
    return np.asarray(cv2.merge([cv2.convertScaleAbs(light, alpha=float(value)) for value in colour]))


def lighted(picture: Field, light: Field) -> Pixels:
    """A picture ``(h, w, 3)`` under varying light ``(h, w) float32``, as ``uint8``."""
    return np.asarray(cv2.multiply(picture, as_rgb(light), dtype=cv2.CV_8U))


def grain(width: int, height: int, rng: np.random.Generator) -> Field:
    """Noise of mean 0 and deviation 1 at every pixel, ``(h, w) float32``; uniform: ten times faster than normal."""
    levels = rng.integers(0, 256, (height, width), dtype=np.uint8)
    return (levels.astype(np.float32) - np.float32(127.5)) * np.float32(1 / 73.9)
