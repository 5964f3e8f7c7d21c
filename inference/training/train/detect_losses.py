"""The losses of the detector: is there a box, which label has it, and where is it."""

import torch
from torch import Tensor
from torch.nn import functional

from inference.training.data.photos import UNKNOWN
from inference.training.model.detector import cell_centres


def box_overlaps(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU of boxes pair by pair, ``(n, 4)`` xyxy each, ``(n,)`` both.

    torchvision has the second only as a finished loss, and the first only for all pairs.
    """
    low, high = torch.maximum(one[:, :2], other[:, :2]), torch.minimum(one[:, 2:], other[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    areas = (one[:, 2:] - one[:, :2]).prod(1) + (other[:, 2:] - other[:, :2]).prod(1)
    union = (areas - shared).clamp(min=1e-9)
    hull = torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])
    around = hull.prod(1).clamp(min=1e-9)
    iou = shared / union
    return iou, iou - (around - union) / around


def assign_cells(boxes: Tensor, *, side: int, region: float = 0.4) -> tuple[Tensor, Tensor]:
    """Which cells predict which box: pairs of cell and box indices, ``(cells,)`` each.

    A cell is assigned to a box if its centre lies in the box's central region, or is the nearest one to the box's
    centre; of several boxes to the smallest.
    """
    centres = cell_centres(side, boxes)
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) * region / 2
    away = (centres[:, None] - middle[None]).abs()  # (cells, boxes, 2)
    inside = (away <= half[None]).all(-1)
    inside[away.square().sum(-1).argmin(0), torch.arange(len(boxes), device=boxes.device)] = True
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1).expand(len(centres), -1)
    smallest = torch.where(inside, areas, torch.inf).min(1)
    cells = torch.nonzero(torch.isfinite(smallest.values)).squeeze(1)
    return cells, smallest.indices[cells]


def quality_focal(logits: Tensor, quality: Tensor) -> Tensor:
    """Binary cross-entropy to a quality in 0..1, weighted by the square of the error; summed (GFL, 2020)."""
    error = (logits.sigmoid() - quality).detach().abs()
    return (error.square() * functional.binary_cross_entropy_with_logits(logits, quality, reduction="none")).sum()


def detection_loss(
    outputs: tuple[Tensor, Tensor, Tensor], truth: list[tuple[Tensor, Tensor]], *, smoothing: float = 0.05
) -> dict[str, Tensor]:
    """``objectness``, ``label`` and ``box`` of one batch, each averaged over the cells that are assigned to a box.

    ``outputs`` as the detector gives them; ``truth`` has boxes ``(k, 4)`` and labels ``(k,)`` of each picture,
    label -1 for a garment of unknown kind.
    """
    classes, objectness, boxes = outputs
    side, on = int(objectness.shape[1] ** 0.5), boxes.device
    at: list[Tensor] = []  # (picture, cell) of each assigned cell, and its box and label
    wanted, known = [], []
    for i, (true_boxes, true_labels) in enumerate(truth):
        if len(true_boxes) == 0:
            continue
        cells, which = assign_cells(true_boxes, side=side)
        at.append(torch.stack([torch.full_like(cells, i), cells]))
        wanted.append(true_boxes[which])
        known.append(true_labels[which])
    quality = torch.zeros_like(objectness)
    if not at:
        return {"objectness": quality_focal(objectness, quality)}
    picture, cell = torch.cat(at, 1).to(on)
    targets, labels = torch.cat(wanted).to(on), torch.cat(known).to(on)
    iou, generalised = box_overlaps(boxes[picture, cell], targets)
    quality[picture, cell] = iou.detach()  # objectness learns the IoU, but must not change the box to get it
    label = functional.cross_entropy(
        classes[picture, cell], labels, ignore_index=UNKNOWN, label_smoothing=smoothing, reduction="sum"
    )
    return {
        "objectness": quality_focal(objectness, quality) / len(cell),
        "box": (1 - generalised).mean(),
        "label": label / (labels != UNKNOWN).sum().clamp(min=1),
    }
