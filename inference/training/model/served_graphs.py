"""The graphs that are exported to ONNX and served: all arithmetic from uint8 pictures to the answer is inside."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.tensors import MAX_DETECTIONS
from inference.training.model.backbone import Backbone
from inference.training.model.detector import DetectorNetwork


class EmbedGraph(nn.Module):
    """What is served as ``embed``: pictures to packed codes, all arithmetic inside.

    ``weight`` and ``bias`` are the projection with everything linear after it folded in: see `train.rotation.fold`.
    """

    weight: Tensor
    bias: Tensor
    places: Tensor  # of the bits in a byte

    def __init__(self, backbone: Backbone, *, weight: Tensor, bias: Tensor) -> None:
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
    """What is served as ``detect``: pictures to the 100 best boxes, without duplicates."""

    def __init__(self, detector: DetectorNetwork) -> None:
        super().__init__()
        self.detector = detector

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """``(n, 320, 320, 3) uint8`` to boxes ``(n, 100, 4)``, scores and labels ``(n, 100)``, best first."""
        classes, objectness, boxes = self.detector(images)
        # A cell with high objectness and no clear class is mostly not a garment.
        confidence = objectness.sigmoid() * classes.softmax(-1).amax(-1).sqrt()
        scores, order = keep_peaks(confidence).topk(MAX_DETECTIONS, dim=1)
        picked = boxes.clamp(0.0, 1.0).gather(1, _per_corner(order))
        labels = classes.argmax(-1).gather(1, order)
        scores, order = (scores * ~is_duplicate(picked)).topk(MAX_DETECTIONS, dim=1)
        is_found = scores > 0  # the rows after the last one are zeros
        return (
            picked.gather(1, _per_corner(order)) * is_found[..., None],
            scores,
            labels.gather(1, order).to(torch.int32) * is_found,
        )


def _per_corner(order: Tensor) -> Tensor:
    return order[..., None].expand(-1, -1, 4)


def is_duplicate(boxes: Tensor, *, over: float = 0.6) -> Tensor:
    """Whether the IoU of a box with a better one is over ``over``: boxes ``(n, k, 4)``, best first, to ``(n, k)``.

    Large garments sometimes have two peaks. A box is compared with all better ones, duplicates among them, which takes
    one matrix instead of a loop (Fast NMS of YOLACT, ICCV 2019). torchvision's ``nms`` is the loop, for one picture.
    """
    one, other = boxes[:, :, None], boxes[:, None]
    sides = torch.minimum(one[..., 2:], other[..., 2:]) - torch.maximum(one[..., :2], other[..., :2])
    shared = sides.clamp(min=0).prod(-1)
    areas = (boxes[..., 2:] - boxes[..., :2]).prod(-1)
    iou = shared / (areas[:, :, None] + areas[:, None] - shared).clamp(min=1e-9)
    return (iou.triu(diagonal=1) > over).any(1)


def keep_peaks(scores: Tensor) -> Tensor:
    """Scores that are the highest of their 3x3 neighbourhood, 0 elsewhere, ``(n, cells)``."""
    side = int(scores.shape[1] ** 0.5)
    grid = scores.reshape(-1, 1, side, side)
    highest = functional.max_pool2d(grid, 3, stride=1, padding=1)
    return torch.where(grid == highest, grid, torch.zeros_like(grid)).reshape(-1, side * side)
