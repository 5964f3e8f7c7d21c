"""EfficientNet-Lite0 and what stands on it: the embedding head and the detector.

The first stages stay as ImageNet made them, up to a cut that the settings choose; everything after it learns.
Shapes are written for 224 px (embed) and 320 px (detect).
"""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.tensors import MAX_DETECTIONS
from inference.training.errors import BadWeights
from pinstream.store.codes import CODE_BITS

POOLED: Final = 1280  # channels of the head convolution
S8, S16, S32 = 40, 112, 320  # channels after stages 3, 5 and 7
FUSED: Final = 96  # channels of the detector's one map
POINTS: Final = ("pixels", "s8", "s16", "pooled")
"""Where the backbone can be cut: pictures, the maps of stride 8 and 16, and what is left after pooling."""


class Conv(nn.Sequential):
    """Convolution, batch norm whose statistics never move, ReLU6 if asked; TensorFlow's SAME padding."""

    def __init__(self, cin: int, cout: int, kernel: int = 1, *, stride: int = 1, groups: int = 1, act: bool = True):
        # An even input at stride 2 is padded more on the right and bottom: (0, 1) for k3, (1, 2) for k5.
        low, high = ((kernel - 1) // 2, kernel // 2) if stride == 1 else ((kernel - 2) // 2, (kernel - 1) // 2)
        pad = [nn.ZeroPad2d((low, high, low, high))] if stride == 2 else []
        conv = nn.Conv2d(cin, cout, kernel, stride, 0 if stride == 2 else low, groups=groups, bias=False)
        super().__init__(*pad, conv, nn.BatchNorm2d(cout, eps=1e-3), *([nn.ReLU6()] if act else []))


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; added to its input where shapes allow."""

    def __init__(self, cin: int, cout: int, *, kernel: int, stride: int, expand: int):
        super().__init__()
        mid = cin * expand
        layers = [Conv(cin, mid)] if expand != 1 else []
        layers.append(Conv(mid, mid, kernel, stride=stride, groups=mid))
        layers.append(Conv(mid, cout, act=False))
        self.layers = nn.Sequential(*layers)
        self.is_residual = stride == 1 and cin == cout

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.is_residual else self.layers(x)


def stage(cin: int, cout: int, *, kernel: int, stride: int, expand: int, repeats: int) -> nn.Sequential:
    """One stage of the network: only its first block may stride or change the channels."""
    first = InvertedResidual(cin, cout, kernel=kernel, stride=stride, expand=expand)
    rest = [InvertedResidual(cout, cout, kernel=kernel, stride=1, expand=expand) for _ in range(repeats - 1)]
    return nn.Sequential(first, *rest)


class Backbone(nn.Module):
    """The network from pictures to pooled features, which can be entered and left at four points.

    Its batch norms never move their statistics: batches are small and of several domains.
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

    def learning(self, cut: str) -> list[nn.Parameter]:
        """The weights behind a point: those that learn where everything before it stays frozen."""
        parts = {"pixels": (self.to_s8,), "s8": (self.to_s16,), "s16": (self.to_s32, self.head)}
        names = POINTS[POINTS.index(cut) : -1]
        return [weight for name in names for part in parts[name] for weight in part.parameters()]

    def train(self, mode: bool = True) -> "Backbone":
        """As ever, but for the batch norms."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def load_backbone(path: Path) -> Backbone:
    """ImageNet weights; the file's tensors come in the network's own order.

    Raises BadWeights naming the first tensor that does not fit.
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


class EmbedHead(nn.Module):
    """Pooled features to the vector whose signs are the code: LayerNorm, one projection, LayerNorm."""

    def __init__(self, bits: int = CODE_BITS, *, dropout: float = 0.0, normalise: bool = True):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(POOLED, bits)
        nn.init.orthogonal_(self.project.weight)
        nn.init.zeros_(self.project.bias)
        self.normalise = normalise

    def forward(self, pooled: Tensor) -> Tensor:
        """``(n, 1280)`` to ``(n, bits)``; no affine anywhere, so 0 is the threshold of every bit."""
        x = functional.layer_norm(pooled, pooled.shape[-1:]) if self.normalise else pooled
        e = self.project(self.dropout(x))
        return functional.layer_norm(e, e.shape[-1:]) if self.normalise else e


class EmbedderNetwork(nn.Module):
    """Backbone and head, learning from ``cut`` on: what lies before it stays as it was."""

    def __init__(self, backbone: Backbone, head: EmbedHead, *, cut: str):
        super().__init__()
        self.backbone, self.head, self.cut = backbone, head, cut

    def forward(self, x: Tensor, at: str) -> Tensor:
        """Pictures, or maps of the point ``at`` not behind the cut, to ``(n, bits)``."""
        with torch.no_grad():
            x = self.backbone.run(x, at, self.cut)
        return self.head(self.backbone.run(x, self.cut, "pooled"))


def separable(channels: int) -> nn.Sequential:
    """A 5x5 depthwise-separable block with trained batch norms, as the detector's branches use it."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, 5, padding=2, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU6(),
    )


class DetectorNetwork(nn.Module):
    """One stride-16 map from three scales; each cell says what, how surely, and where."""

    def __init__(self, backbone: Backbone, *, label_count: int):
        super().__init__()
        self.backbone = backbone
        self.from_s8 = nn.Sequential(nn.Conv2d(S8, FUSED, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(FUSED))
        self.from_s16 = nn.Sequential(nn.Conv2d(S16, FUSED, 1, bias=False), nn.BatchNorm2d(FUSED))
        self.from_s32 = nn.Sequential(nn.Conv2d(S32, FUSED, 1, bias=False), nn.BatchNorm2d(FUSED))
        self.fuse = separable(FUSED)
        self.what = nn.Sequential(separable(FUSED), separable(FUSED), nn.Conv2d(FUSED, label_count, 1))
        self.where = nn.Sequential(separable(FUSED), separable(FUSED), nn.Conv2d(FUSED, 5, 1))
        nn.init.zeros_(self.where[-1].weight)
        nn.init.zeros_(self.where[-1].bias)
        nn.init.constant_(self.where[-1].bias[:1], -4.0)  # almost every cell is background

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(n, 320, 320, 3) uint8`` to what `read` makes of their map."""
        return self.read(self.look(images))

    def look(self, images: Tensor) -> Tensor:
        """One map of three scales, ``(n, 96, 20, 20)``; the first three stages are frozen."""
        with torch.no_grad():
            s8 = self.backbone.run(images, "pixels", "s8")
        s16 = self.backbone.to_s16(s8)
        deep = functional.interpolate(self.from_s32(self.backbone.to_s32(s16)), size=s16.shape[-2:], mode="nearest")
        return self.fuse(functional.relu6(self.from_s8(s8) + self.from_s16(s16) + deep))

    def read(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Class logits ``(n, 400, labels)``, objectness logits ``(n, 400)`` and boxes ``(n, 400, 4)`` as xyxy
        fractions of the picture, not clipped. In float32 always: half a number's digits are a few pixels of a box.
        """
        side = x.shape[-1]
        classes = self.what(x).flatten(2).transpose(1, 2)
        where = self.where(x).flatten(2).transpose(1, 2)
        sides = where[..., 1:].clamp(-4.0, 2.5).exp() * 0.25  # left, top, right, bottom; 0.25 of the picture at 0
        centres = cell_centres(side, x)
        return classes, where[..., 0], torch.cat([centres - sides[..., :2], centres + sides[..., 2:]], -1)


def cell_centres(side: int, like: Tensor) -> Tensor:
    """Centres of the cells of a square map, row by row, ``(side * side, 2)`` as x, y in 0..1."""
    steps = (torch.arange(side, device=like.device, dtype=torch.float32) + 0.5) / side
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], -1)


class EmbedGraph(nn.Module):
    """What is served as ``embed``: pictures to packed codes, all arithmetic inside.

    ``weight`` and ``bias`` are the projection with everything linear after it folded in: the mean that
    the last LayerNorm subtracts, and a learned rotation. Its division by the deviation moves no sign.
    """

    def __init__(self, backbone: Backbone, *, weight: Tensor, bias: Tensor):
        super().__init__()
        self.backbone = backbone
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.register_buffer("places", torch.tensor([128, 64, 32, 16, 8, 4, 2, 1], dtype=torch.int32))

    def forward(self, images: Tensor) -> Tensor:
        """``(n, 224, 224, 3) uint8`` to ``(n, bits/8) uint8``, most significant bit first."""
        pooled = self.backbone.run(images, "pixels", "pooled")
        signs = functional.linear(functional.layer_norm(pooled, pooled.shape[-1:]), self.weight, self.bias) > 0
        octets = signs.to(torch.int32).reshape(-1, self.weight.shape[0] // 8, 8)
        return (octets * self.places).sum(-1).to(torch.uint8)


class DetectGraph(nn.Module):
    """What is served as ``detect``: pictures to the 100 best boxes, each thing once."""

    def __init__(self, detector: DetectorNetwork):
        super().__init__()
        self.detector = detector

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(n, 320, 320, 3) uint8`` to boxes ``(n, 100, 4)``, scores and labels ``(n, 100)``, best first."""
        classes, objectness, boxes = self.detector(images)
        # What is surely something but nobody can name is mostly no garment.
        sure = objectness.sigmoid() * classes.softmax(-1).amax(-1).sqrt()
        scores, order = peaks(sure).topk(MAX_DETECTIONS, dim=1)
        picked = boxes.clamp(0.0, 1.0).gather(1, _each_four(order))
        labels = classes.argmax(-1).gather(1, order)
        scores, order = (scores * ~repeated(picked)).topk(MAX_DETECTIONS, dim=1)
        is_found = scores > 0  # the rows after the last one are zeros
        return (
            picked.gather(1, _each_four(order)) * is_found[..., None],
            scores,
            labels.gather(1, order).to(torch.int32) * is_found,
        )


def _each_four(order: Tensor) -> Tensor:
    return order[..., None].expand(-1, -1, 4)


def repeated(boxes: Tensor, *, over: float = 0.6) -> Tensor:
    """Which boxes ``(n, k, 4)``, best first, show what a better one shows: their IoU is over ``over``; ``(n, k) bool``.

    Large things have two peaks sometimes. A box is compared with all better ones, those that are repeated too: one
    matrix instead of a loop (Fast NMS of YOLACT, ICCV 2019).
    """
    one, other = boxes[:, :, None], boxes[:, None]
    sides = torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(one[..., :2], other[..., :2])
    shared = sides.clamp(min=0).prod(-1)
    areas = (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    iou = shared / (areas[:, :, None] + areas[:, None] - shared).clamp(min=1e-9)
    return (iou.triu(diagonal=1) > over).any(1)


def peaks(scores: Tensor) -> Tensor:
    """Scores that are the highest of their 3x3 neighbourhood, 0 elsewhere, ``(n, cells)``."""
    side = int(scores.shape[1] ** 0.5)
    grid = scores.reshape(-1, 1, side, side)
    highest = functional.max_pool2d(grid, 3, stride=1, padding=1)
    return torch.where(grid == highest, grid, torch.zeros_like(grid)).reshape(-1, side * side)
