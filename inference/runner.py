"""What runs the models: one operation, kept by a Triton server and by onnxruntime in this process alike."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from inference.errors import ModelMismatch
from inference.images import Pixels
from inference.tensors import ModelSpec

Outputs = Mapping[str, npt.NDArray[Any]]

NUMPY_TYPES: Mapping[str, type[np.generic]] = {"UINT8": np.uint8, "INT32": np.int32, "FP32": np.float32}


class Priority(IntEnum):
    """Which lane a call serves; the server empties the lower number first."""

    LIVE = 1
    BACKFILL = 2


class ModelRunner(Protocol):
    """The models of `inference.tensors`, wherever they run. Calls are independent and safe to repeat."""

    async def infer(self, spec: ModelSpec, images: Pixels, *, priority: Priority = Priority.LIVE) -> Outputs:
        """Every output of one model for ``(n, size, size, 3) uint8``: arrays ``(n, ...)`` of the caller's own, by name.

        ``n`` is at most ``spec.max_batch``. Raises ModelUnavailable, ModelBusy or ModelMismatch.
        """
        ...


def checked_outputs(spec: ModelSpec, outputs: Outputs, count: int) -> Outputs:
    """``outputs`` itself; raises ModelMismatch, naming what differs, unless each has its declared shape and type."""
    for tensor in spec.outputs:
        found = outputs.get(tensor.name)
        if found is None:
            raise ModelMismatch(f"{spec.name}: no output {tensor.name!r}; there are {sorted(outputs)}")
        expected = (count, *tensor.dims)
        if found.shape != expected or found.dtype != NUMPY_TYPES[tensor.dtype]:
            served = f"{found.dtype} {found.shape}"
            raise ModelMismatch(f"{spec.name}: output {tensor.name!r} is {served}, expected {tensor.dtype} {expected}")
    return outputs
