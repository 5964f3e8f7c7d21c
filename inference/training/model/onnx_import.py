"""Weights of a served ONNX file back in a torch module, so that training can go on from a file without its run.

Export folds each batch norm into the convolution before it; here folded networks get batch norms again.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn

from inference.images import Pixels
from inference.training.errors import BadWeights
from inference.training.model.backbone import NORM_EPS, Backbone
from inference.training.model.detector import DetectorNetwork

Weights = Mapping[str, npt.NDArray[Any]]
UNUSED = "backbone.head."  # of a detector: only the embedding uses it


def import_backbone(graph: Path) -> Backbone:
    """The backbone of a served embedding; its batch norms only add what export folded into the convolutions.

    Raises BadWeights with the first weight that is missing.
    """
    backbone = Backbone()
    kept, norms = _read_weights(graph, prefix="backbone."), _norms(backbone)
    with torch.no_grad():
        for name, parameter in backbone.named_parameters():
            part, _, kind = name.rpartition(".")
            if part not in norms:
                parameter.copy_(_weight(kept, name, parameter, graph))
            elif kind == "bias":
                parameter.copy_(_weight(kept, f"{norms[part]}.weight_bias", parameter, graph))
            else:  # the statistics are 0 and 1, so this factor makes the norm the identity
                parameter.fill_((1 + NORM_EPS) ** 0.5)
    return backbone.eval()


def import_detector(detector: DetectorNetwork, graph: Path, *, pictures: Pixels) -> None:
    """Sets the detector, in place, to what the ONNX file computes.

    The folded weights go into the convolutions. Batch norms get the statistics of ``pictures (n, side, side, 3)`` and
    the affine that undoes them: they change nothing now, and learn as usual. Raises BadWeights with the first weight
    that is missing.
    """
    kept = _read_weights(graph, prefix="detector.")
    norms = {name: conv for name, conv in _norms(detector).items() if not name.startswith(UNUSED)}
    with torch.no_grad():
        for name, parameter in detector.named_parameters():
            if name.rpartition(".")[0] not in norms and not name.startswith(UNUSED):
                parameter.copy_(_weight(kept, name, parameter, graph))
        detector.eval()
        hooks = []
        for name, conv in norms.items():
            norm = detector.get_submodule(name)
            assert isinstance(norm, nn.BatchNorm2d)  # noqa: S101 - narrows a type
            bias = _weight(kept, f"{conv}.weight_bias", norm.bias, graph)
            hooks.append(norm.register_forward_pre_hook(_measure_with(bias)))
        detector(torch.from_numpy(pictures))
    for hook in hooks:
        hook.remove()


def _read_weights(graph: Path, *, prefix: str) -> Weights:
    try:
        loaded = onnx.load(graph).graph
    except (DecodeError, onnx.checker.ValidationError, ValueError, OSError) as exc:
        raise BadWeights(f"{graph} is no ONNX file: {exc}") from exc
    return {w.name.removeprefix(prefix): numpy_helper.to_array(w) for w in loaded.initializer}


def _norms(module: nn.Module) -> dict[str, str]:
    """The name of each batch norm, and of the convolution before it."""
    found, conv = {}, ""
    for name, part in module.named_modules():
        if isinstance(part, nn.Conv2d):
            conv = name
        elif isinstance(part, nn.BatchNorm2d):
            found[name] = conv
    return found


def _weight(kept: Weights, name: str, like: Tensor, graph: Path) -> Tensor:
    if name not in kept:
        raise BadWeights(f"{graph} has no {name}; it is not the graph of this network")
    if kept[name].shape != tuple(like.shape):
        raise BadWeights(f"{graph}: {name} is {kept[name].shape}, expected {tuple(like.shape)}")
    return torch.from_numpy(kept[name].copy())


def _measure_with(bias: Tensor) -> Callable[[nn.Module, tuple[Tensor]], None]:
    """A hook that runs before a batch norm: sets its statistics to its input's, so that it only adds ``bias``."""

    def measure(norm: nn.Module, inputs: tuple[Tensor]) -> None:
        assert isinstance(norm, nn.BatchNorm2d)  # noqa: S101 - narrows a type
        mean, variance = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), correction=0)
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(bias + mean)

    return measure
