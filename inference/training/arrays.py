"""Types of arrays, by what they hold; shapes stand where the arrays are made."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]
Rgba = npt.NDArray[np.uint8]
"""``(h, w, 4)``: a cut-out with alpha last."""
