"""EfficientNet-Lite0, the backbone of both models; shapes are written for 224 px.

The first stages stay as ImageNet made them, up to a cut that the settings choose; everything after it is trained.
"""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from inference.training.errors import BadWeights

POOLED: Final = 1280  # channels of the head convolution
S8, S16, S32 = 40, 112, 320  # channels after stages 3, 5 and 7
NORM_EPS: Final = 1e-3
POINTS: Final = ("pixels", "s8", "s16", "pooled")
"""Where the backbone can be cut: pictures, the maps of stride 8 and 16, and the features after pooling."""


class Conv(nn.Sequential):
    """Convolution with TensorFlow's SAME padding, batch norm, and ReLU6 unless ``act`` is False."""

    def __init__(
        self, cin: int, cout: int, kernel: int = 1, *, stride: int = 1, groups: int = 1, act: bool = True
    ) -> None:
        # An even input at stride 2 is padded more on the right and bottom: (0, 1) for k3, (1, 2) for k5.
        low, high = ((kernel - 1) // 2, kernel // 2) if stride == 1 else ((kernel - 2) // 2, (kernel - 1) // 2)
        pad = [nn.ZeroPad2d((low, high, low, high))] if stride == 2 else []
        conv = nn.Conv2d(cin, cout, kernel, stride, 0 if stride == 2 else low, groups=groups, bias=False)
        super().__init__(*pad, conv, nn.BatchNorm2d(cout, eps=NORM_EPS), *([nn.ReLU6()] if act else []))


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; added to its input where shapes allow."""

    def __init__(self, cin: int, cout: int, *, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        mid = cin * expand
        layers = [Conv(cin, mid)] if expand != 1 else []
        layers.append(Conv(mid, mid, kernel, stride=stride, groups=mid))
        layers.append(Conv(mid, cout, act=False))
        self.layers = nn.Sequential(*layers)
        self.is_residual = stride == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.is_residual else y


def stage(cin: int, cout: int, *, kernel: int, stride: int, expand: int, repeats: int) -> nn.Sequential:
    """One stage: only its first block may have a stride or change the channels."""
    first = InvertedResidual(cin, cout, kernel=kernel, stride=stride, expand=expand)
    rest = [InvertedResidual(cout, cout, kernel=kernel, stride=1, expand=expand) for _ in range(repeats - 1)]
    return nn.Sequential(first, *rest)


class Backbone(nn.Module):
    """EfficientNet-Lite0 from pictures to pooled features; it can be entered and left at four points.

    Its batch norms never update their statistics: batches are small and mix domains.
    """

    def __init__(self) -> None:
        super().__init__()
        self.to_s8 = nn.Sequential(
            Conv(3, 32, 3, stride=2),
            stage(32, 16, kernel=3, stride=1, expand=1, repeats=1),
            stage(16, 24, kernel=3, stride=2, expand=6, repeats=2),
            stage(24, S8, kernel=5, stride=2, expand=6, repeats=2),
        )
        self.to_s16 = nn.Sequential(
            stage(S8, 80, kernel=3, stride=2, expand=6, repeats=3),
            stage(80, S16, kernel=5, stride=1, expand=6, repeats=3),
        )
        self.to_s32 = nn.Sequential(
            stage(S16, 192, kernel=5, stride=2, expand=6, repeats=4),
            stage(192, S32, kernel=3, stride=1, expand=6, repeats=1),
        )
        self.head = Conv(S32, POOLED)

    def run(self, x: Tensor, start: str, stop: str) -> Tensor:
        """From one of `POINTS` to a later one: ``pixels (n, 224, 224, 3) uint8``, ``s8 (n, 40, 28, 28)``,
        ``s16 (n, 112, 14, 14)``, ``pooled (n, 1280)``.
        """
        for point in POINTS[POINTS.index(start) : POINTS.index(stop)]:
            if point == "pixels":
                x = self.to_s8((x.permute(0, 3, 1, 2).float() - 127.0) / 128.0)
            elif point == "s8":
                x = self.to_s16(x)
            else:
                x = self.head(self.to_s32(x)).mean((2, 3))
        return x

    def parameters_after(self, cut: str) -> list[nn.Parameter]:
        """The weights after a point: those that are trained while everything before it stays frozen."""
        parts = {"pixels": (self.to_s8,), "s8": (self.to_s16,), "s16": (self.to_s32, self.head)}
        names = POINTS[POINTS.index(cut) : -1]
        return [weight for name in names for part in parts[name] for weight in part.parameters()]

    def train(self, mode: bool = True) -> "Backbone":
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def load_backbone(path: Path) -> Backbone:
    """A backbone with the weights of a file, whose tensors must come in the network's own order.

    Raises BadWeights with the first tensor that does not fit.
    """
    backbone = Backbone()
    ours = [t for name, t in backbone.state_dict().items() if "num_batches" not in name]
    try:
        theirs = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as exc:
        raise BadWeights(f"{path} is no file of weights that torch saved: {str(exc).splitlines()[0]}") from exc
    if not isinstance(theirs, Mapping) or not all(isinstance(t, Tensor) for t in theirs.values()):
        raise BadWeights(f"{path} holds a {type(theirs).__name__}; expected a state dict: tensors by their names")
    given = [(str(name), t) for name, t in theirs.items() if "num_batches" not in str(name)]
    if len(given) < len(ours):
        raise BadWeights(f"{path} holds {len(given)} tensors; EfficientNet-Lite0 needs {len(ours)}")
    with torch.no_grad():
        for target, (name, source) in zip(ours, given, strict=False):
            if target.shape != source.shape:
                raise BadWeights(f"{path}: {name} is {tuple(source.shape)}, expected {tuple(target.shape)}")
            target.copy_(source)
    return backbone.eval()
