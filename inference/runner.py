"""The one operation of whatever runs the models: a Triton server, or onnxruntime in this process."""

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
    """The lane that a call belongs to; Triton serves the lower number first."""

    LIVE = 1
    BACKFILL = 2


class ModelRunner(Protocol):
    """Runs the models of `inference.tensors`. Calls are independent and safe to repeat."""

    async def infer(self, spec: ModelSpec, images: Pixels, *, priority: Priority = Priority.LIVE) -> Outputs:
        """Every output of one model for ``(n, size, size, 3) uint8``: arrays ``(n, ...)`` by name, owned by the caller.

        ``n`` is at most ``spec.max_batch``. Raises ModelUnavailable, ModelBusy or ModelMismatch.
        """
        ...


def check_outputs(spec: ModelSpec, outputs: Outputs, count: int) -> Outputs:
    """Returns ``outputs``; raises ModelMismatch unless each has its declared shape and type."""
    for tensor in spec.outputs:
        found = outputs.get(tensor.name)
        if found is None:
            raise ModelMismatch(f"{spec.name}: no output {tensor.name!r}; there are {sorted(outputs)}")
        expected = (count, *tensor.dims)
        if found.shape != expected or found.dtype != NUMPY_TYPES[tensor.dtype]:
            served = f"{found.dtype} {found.shape}"
            raise ModelMismatch(f"{spec.name}: output {tensor.name!r} is {served}, expected {tensor.dtype} {expected}")
    return outputs
