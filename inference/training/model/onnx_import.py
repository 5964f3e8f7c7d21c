"""A served graph back into a module that can learn: what is shipped can be trained on without the run it came from.

Export folds each batch norm into the convolution before it; these functions give a folded network batch norms again.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn

from inference.training.data.wardrobe import SceneMaker
from inference.training.errors import BadWeights, TrainingProblem
from inference.training.model.networks import Backbone, DetectorNetwork

UNUSED = "backbone.head."  # what only the embedding uses
SAMPLE = 32
"""Pictures over which batch norms measure what they see; as many as two batches hold."""


def backbone_from(graph: Path) -> Backbone:
    """The backbone of a served embedding; its batch norms do nothing but add what export folded into them.

    Raises BadWeights naming the first weight that is not there.
    """
    backbone = Backbone()
    kept, norms = _kept(graph, prefix="backbone."), _norms(backbone)
    with torch.no_grad():
        for name, parameter in backbone.named_parameters():
            part, _, kind = name.rpartition(".")
            if part not in norms:
                parameter.copy_(_weight(kept, name, parameter, graph))
            elif kind == "bias":
                parameter.copy_(_weight(kept, f"{norms[part]}.weight_bias", parameter, graph))
            else:  # statistics are 0 and 1
                parameter.fill_((1 + backbone.get_submodule(part).eps) ** 0.5)
    return backbone.eval()


def begin_with(detector: DetectorNetwork, start: str, *, runs: Path, scenes: SceneMaker) -> None:
    """The weights of a finished run by name, or of an ONNX file by path. Raises TrainingProblem without them."""
    path = Path(start) if start.endswith(".onnx") else runs / start / "detector.pt"
    if not path.is_file():
        raise TrainingProblem(f"start: no {path}; train that run first, or give the path of a detector's .onnx")
    if path.suffix == ".pt":
        detector.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    else:
        take_over(detector, path, pictures=np.stack([scenes.scene(number).pixels for number in range(SAMPLE)]))


def take_over(detector: DetectorNetwork, graph: Path, *, pictures: np.ndarray) -> None:
    """Sets the detector to what the ONNX file computes, in place.

    The folded weights go into the convolutions; batch norms get the statistics of ``pictures (n, side, side, 3)
    uint8`` and the affine that undoes them, so that they change nothing now and learn as any others. Raises BadWeights
    naming the first weight that is not there.
    """
    kept = _kept(graph, prefix="detector.")
    norms = {name: conv for name, conv in _norms(detector).items() if not name.startswith(UNUSED)}
    with torch.no_grad():
        for name, parameter in detector.named_parameters():
            if name.rpartition(".")[0] not in norms and not name.startswith(UNUSED):
                parameter.copy_(_weight(kept, name, parameter, graph))
        detector.eval()
        hooks = [
            norm.register_forward_pre_hook(_measured(_weight(kept, f"{conv}.weight_bias", norm.bias, graph)))
            for norm, conv in ((detector.get_submodule(name), conv) for name, conv in norms.items())
        ]
        detector(torch.from_numpy(pictures))
    for hook in hooks:
        hook.remove()


def _kept(graph: Path, *, prefix: str) -> dict[str, np.ndarray]:
    """The weights in an ONNX file by name; raises BadWeights if it is none."""
    try:
        loaded = onnx.load(graph).graph
    except (DecodeError, onnx.checker.ValidationError, ValueError, OSError) as exc:
        raise BadWeights(f"{graph} is no ONNX file: {exc}") from exc
    return {w.name.removeprefix(prefix): numpy_helper.to_array(w) for w in loaded.initializer}


def _norms(module: nn.Module) -> dict[str, str]:
    """Each batch norm's name, and the convolution before it."""
    found, conv = {}, ""
    for name, part in module.named_modules():
        if isinstance(part, nn.Conv2d):
            conv = name
        elif isinstance(part, nn.BatchNorm2d):
            found[name] = conv
    return found


def _weight(kept: Mapping[str, np.ndarray], name: str, like: Tensor, graph: Path) -> Tensor:
    if name not in kept:
        raise BadWeights(f"{graph} has no {name}; it is not the graph of this network")
    if kept[name].shape != tuple(like.shape):
        raise BadWeights(f"{graph}: {name} is {kept[name].shape}, expected {tuple(like.shape)}")
    return torch.from_numpy(kept[name].copy())


def _measured(bias: Tensor):  # type: ignore[no-untyped-def] # torch's hooks have no useful type
    def measure(norm: nn.BatchNorm2d, seen: tuple[Tensor]) -> None:
        """Before its first use: nothing but the folded bias is added, whatever the statistics are."""
        mean, variance = seen[0].mean((0, 2, 3)), seen[0].var((0, 2, 3), correction=0)
        norm.running_mean, norm.running_var = mean, variance
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(bias + mean)

    return measure
