"""The detection network; shapes are written for 320 px."""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.training.model.backbone import S8, S16, S32, Backbone

FUSED: Final = 96  # channels of the fused map


def separable(channels: int) -> nn.Sequential:
    """A 5x5 depthwise-separable block with trained batch norms."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, 5, padding=2, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU6(),
    )


class DetectorNetwork(nn.Module):
    """One stride-16 map from three scales; each of its cells predicts a class, an objectness and a box.

    ``what`` predicts the class, ``where`` objectness and box: these names stand in the served file's weights.
    """

    def __init__(self, backbone: Backbone, *, label_count: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.from_s8 = nn.Sequential(nn.Conv2d(S8, FUSED, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(FUSED))
        self.from_s16 = nn.Sequential(nn.Conv2d(S16, FUSED, 1, bias=False), nn.BatchNorm2d(FUSED))
        self.from_s32 = nn.Sequential(nn.Conv2d(S32, FUSED, 1, bias=False), nn.BatchNorm2d(FUSED))
        self.fuse = separable(FUSED)
        self.what = nn.Sequential(separable(FUSED), separable(FUSED), nn.Conv2d(FUSED, label_count, 1))
        branch, last = nn.Sequential(separable(FUSED), separable(FUSED)), nn.Conv2d(FUSED, 5, 1)
        self.where = nn.Sequential(*branch, last)
        nn.init.zeros_(last.weight)
        last.bias = nn.Parameter(torch.tensor([-4.0, 0, 0, 0, 0]))  # low objectness: almost every cell is background

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(n, 320, 320, 3) uint8`` to the predictions of `predict`."""
        return self.predict(self.features(images))

    def features(self, images: Tensor) -> Tensor:
        """One map of three scales, ``(n, 96, 20, 20)``; the first three stages are frozen."""
        with torch.no_grad():
            s8 = self.backbone.run(images, "pixels", "s8")
        s16 = self.backbone.to_s16(s8)
        deep = functional.interpolate(self.from_s32(self.backbone.to_s32(s16)), size=s16.shape[-2:], mode="nearest")
        fused: Tensor = self.fuse(functional.relu6(self.from_s8(s8) + self.from_s16(s16) + deep))
        return fused

    def predict(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Class logits ``(n, 400, labels)``, objectness logits ``(n, 400)`` and boxes ``(n, 400, 4)`` as xyxy
        fractions of the picture, not clipped. ``x`` must be float32: bfloat16 would move a box by some pixels.
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
