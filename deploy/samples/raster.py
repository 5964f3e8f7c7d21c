"""The arrays that everything here is drawn on."""

from collections.abc import Sequence
from typing import Any

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
