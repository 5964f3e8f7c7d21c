"""The served graphs, run by onnxruntime in this process: no Triton needed, the same codes."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Self

from inference.errors import ModelMismatch
from inference.images import Pixels
from inference.model_repository import REPOSITORY, graph_path
from inference.runner import Outputs, Priority, check_outputs
from inference.tensors import MODELS, ModelSpec
from pinstream.store.collection import EMBEDDING_VERSION

if TYPE_CHECKING:
    import onnxruntime


class OnnxModels:
    """A `ModelRunner` over the model repository: loads the graphs when made, runs them in threads."""

    def __init__(self, *, repository: Path = REPOSITORY, version: int = EMBEDDING_VERSION, threads: int = 1) -> None:
        self._sessions = {
            spec.name: open_session(graph_path(spec, version=version, repository=repository), threads=threads)
            for spec in MODELS
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing to close."""

    async def infer(self, spec: ModelSpec, images: Pixels, *, priority: Priority = Priority.LIVE) -> Outputs:
        """As `ModelRunner` says; there is no queue, so ``priority`` has no effect."""
        names = [tensor.name for tensor in spec.outputs]
        arrays = await asyncio.to_thread(self._sessions[spec.name].run, names, {spec.images.name: images})
        return check_outputs(spec, dict(zip(names, arrays, strict=True)), len(images))


def open_session(path: Path, *, threads: int = 1) -> "onnxruntime.InferenceSession":
    """On the CPU; its threads do not spin while they wait. Raises ModelMismatch if onnxruntime is not installed."""
    try:
        import onnxruntime as ort  # noqa: PLC0415 - a worker has none: it calls Triton
    except ImportError as exc:
        raise ModelMismatch("onnxruntime is not installed; use a Triton server: --triton HOST:PORT") from exc
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
