"""A model runner and a Triton server for tests: they answer at once, and remember what they were asked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from tritonclient.grpc import service_pb2
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceServicer

from inference.images import Pixels
from inference.runner import Outputs, Priority
from inference.tensors import MODELS, ModelSpec

Arrays = dict[str, npt.NDArray[Any]]
messages: Any = service_pb2
SPECS = {spec.name: spec for spec in MODELS}
TYPES: dict[str, type[np.generic]] = {"UINT8": np.uint8, "INT32": np.int32, "FP32": np.float32}


def blank(spec: ModelSpec, count: int) -> Arrays:
    """Outputs of the declared shapes, all zero."""
    return {tensor.name: np.zeros((count, *tensor.dims), TYPES[tensor.dtype]) for tensor in spec.outputs}


def mean_codes(images: Pixels) -> Pixels:
    """A stand-in for the embedding: the mean colour of each picture, repeated over its 32 bytes."""
    means = images.reshape(len(images), -1, 3).mean(axis=1).round().astype(np.uint8)
    return np.tile(means, (1, 11))[:, :32]


@dataclass
class FakeModels:
    """A ModelRunner that remembers its calls; ``detections`` are found on every picture."""

    detections: list[tuple[int, float, tuple[float, float, float, float]]] = field(default_factory=list)
    calls: list[tuple[str, Pixels, Priority]] = field(default_factory=list)

    async def infer(self, spec: ModelSpec, images: Pixels, *, priority: Priority = Priority.LIVE) -> Outputs:
        self.calls.append((spec.name, images, priority))
        outputs = blank(spec, len(images))
        if spec.name == "embed":
            return {"codes": mean_codes(images)}
        for index, (label, score, box) in enumerate(self.detections):
            outputs["labels"][:, index] = label
            outputs["scores"][:, index] = score
            outputs["boxes"][:, index] = box
        return outputs


@dataclass
class FakeTriton(GRPCInferenceServiceServicer):
    """A server that speaks Triton's protocol; tests change single fields to make it wrong."""

    address: str = ""
    versions: tuple[str, ...] = ("1",)
    max_batch: int = 64
    requests: list[Any] = field(default_factory=list)
    remaining_s: list[float | None] = field(default_factory=list)
    before: Callable[[Any], Awaitable[object]] | None = None
    metadata: dict[str, list[tuple[str, str, list[int]]]] = field(default_factory=dict)
    answer: Callable[[ModelSpec, Pixels], Arrays] | None = None

    async def ModelInfer(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's spelling
        self.requests.append(request)
        self.remaining_s.append(context.time_remaining())
        if self.before is not None:
            await self.before(context)
        spec = SPECS[request.model_name]
        shape = tuple(request.inputs[0].shape)
        images = np.frombuffer(request.raw_input_contents[0], np.uint8).reshape(shape)
        outputs = self.answer(spec, images) if self.answer else blank(spec, len(images))
        response = messages.ModelInferResponse(model_name=request.model_name)
        for name, array in outputs.items():
            datatype = {np.uint8: "UINT8", np.int32: "INT32", np.float32: "FP32"}.get(array.dtype.type, "FP64")
            response.outputs.add(name=name, datatype=datatype, shape=array.shape)
            response.raw_output_contents.append(array.tobytes())
        return response

    async def ModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802
        if self.before is not None:
            await self.before(context)
        spec = SPECS[request.name]
        response = messages.ModelMetadataResponse(name=request.name, versions=self.versions)
        inputs = self.metadata.get("inputs", [(spec.images.name, "UINT8", [-1, *spec.images.dims])])
        outputs = self.metadata.get("outputs", [(each.name, each.dtype, [-1, *each.dims]) for each in spec.outputs])
        for name, datatype, shape in inputs:
            response.inputs.add(name=name, datatype=datatype, shape=shape)
        for name, datatype, shape in outputs:
            response.outputs.add(name=name, datatype=datatype, shape=shape)
        return response

    async def ModelConfig(self, request: Any, context: Any) -> Any:  # noqa: N802
        response = messages.ModelConfigResponse()
        response.config.max_batch_size = self.max_batch
        return response
