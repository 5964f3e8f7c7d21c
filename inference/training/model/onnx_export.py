"""Torch modules as ONNX files, and how far the two differ."""

import warnings
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from inference.images import Pixels
from inference.onnx_models import open_session

OPSET: Final = 20


def example_pictures(size_px: int) -> Tensor:
    """An example input of a served graph, ``(2, size, size, 3) uint8``."""
    return torch.zeros((2, size_px, size_px, 3), dtype=torch.uint8)


def write_onnx(module: nn.Module, path: Path, *, example: Tensor, outputs: tuple[str, ...]) -> Path:
    """Writes one file with a free batch dimension, the input ``images`` like the example, and the named outputs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            (example,),
            str(path),
            input_names=["images"],
            output_names=list(outputs),
            dynamic_shapes=({0: torch.export.Dim("n", min=1, max=4096)},),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    return path


def differences_from_torch(module: nn.Module, path: Path, *, images: Pixels) -> list[float]:
    """The largest difference between torch and the file, one for each output."""
    with torch.inference_mode():
        expected = module.eval()(torch.from_numpy(images))
    expected = expected if isinstance(expected, tuple) else (expected,)
    found = open_session(path).run(None, {"images": images})
    return [
        float(np.abs(e.numpy().astype(np.float64) - f.astype(np.float64)).max())
        for e, f in zip(expected, found, strict=True)
    ]
