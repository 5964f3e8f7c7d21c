"""Inputs and outputs of the two models: the one place with tensor names, shapes and sizes.

The Triton configurations and the ONNX graphs are compared with this table by a test.
"""

from dataclasses import dataclass
from typing import Final, Literal

from pinstream.store.codes import CODE_BYTES

DType = Literal["UINT8", "INT32", "FP32"]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One input or output: its name, Triton data type and shape without the batch dimension."""

    name: str
    dtype: DType
    dims: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model as the server knows it; every call is a batch in the first dimension."""

    name: str
    image_size_px: int
    max_batch: int
    outputs: tuple[Tensor, ...]

    @property
    def images(self) -> Tensor:
        """The input of every model: RGB pictures, ``(n, size, size, 3) uint8``."""
        return Tensor("images", "UINT8", (self.image_size_px, self.image_size_px, 3))


MAX_DETECTIONS: Final = 100

EMBED: Final = ModelSpec(
    name="embed",
    image_size_px=224,
    max_batch=32,
    outputs=(Tensor("codes", "UINT8", (CODE_BYTES,)),),
)
DETECT: Final = ModelSpec(
    name="detect",
    image_size_px=320,
    max_batch=8,
    outputs=(
        Tensor("boxes", "FP32", (MAX_DETECTIONS, 4)),
        Tensor("scores", "FP32", (MAX_DETECTIONS,)),
        Tensor("labels", "INT32", (MAX_DETECTIONS,)),
    ),
)
MODELS: Final = (DETECT, EMBED)
