"""How good boxes are: average precision, and IoU with the true box."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.images import Pixels
from inference.training.arrays import Floats, Ints, Mask
from inference.training.data.scenes import Scene

Detect = Callable[[Pixels], Mapping[str, npt.NDArray[Any]]]
"""Pictures ``(n, 320, 320, 3) uint8`` to ``boxes``, ``scores`` and ``labels`` as the served graph gives them."""


@dataclass(frozen=True, slots=True)
class PredictedBoxes:
    """The boxes found on one picture, best first."""

    boxes: Floats  # (k, 4)
    scores: Floats  # (k,)
    labels: Ints  # (k,)


def predict(detect: Detect, pictures: Sequence[Pixels], *, batch: int = 8) -> list[PredictedBoxes]:
    """All boxes with a score above 0, picture by picture."""
    found = []
    for i in range(0, len(pictures), batch):
        out = detect(np.stack(pictures[i : i + batch]))
        for boxes, scores, labels in zip(out["boxes"], out["scores"], out["labels"], strict=True):
            is_box = scores > 0
            found.append(PredictedBoxes(boxes[is_box], scores[is_box], labels[is_box]))
    return found


def iou(boxes: Floats, others: Floats) -> Floats:
    """Intersection over union of every box with every other, ``(n, m)``."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(-1)
    areas = [(b[:, 2:] - b[:, :2]).prod(-1) for b in (boxes, others)]
    overlaps: Floats = shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9)
    return overlaps


def average_precision(
    found: Sequence[PredictedBoxes], scenes: Sequence[Scene], *, at: float, label: int | None = None
) -> float:
    """Area under the precision-recall curve at one IoU, of one label or of any; NaN if there is nothing to find.

    Boxes are matched in the order of their scores; each true box is found once, all others are false. For one label,
    boxes on a garment of unknown label count as neither. The curve is not interpolated at 101 recalls, as COCO's and
    torchmetrics' is: the published figures are areas under the curve itself.
    """
    scores, hits, total = [], [], 0
    for predicted, scene in zip(found, scenes, strict=True):
        want = scene.boxes if label is None else scene.boxes[scene.labels == label]
        chosen = slice(None) if label is None else predicted.labels == label
        unknown = scene.boxes[:0] if label is None else scene.boxes[scene.labels < 0]
        is_true = _first_hits(iou(predicted.boxes[chosen], want), at=at)
        counts = is_true | ~(iou(predicted.boxes[chosen], unknown) >= at).any(1)
        scores.append(predicted.scores[chosen][counts])
        hits.append(is_true[counts])
        total += len(want)
    if total == 0:
        return float("nan")
    order = np.argsort(-np.concatenate(scores), kind="stable")
    found_so_far = np.cumsum(np.concatenate(hits)[order])
    precision = found_so_far / np.arange(1, len(order) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(found_so_far / total, prepend=0) * envelope).sum())


def _first_hits(overlaps: Floats, *, at: float) -> Mask:
    """Which boxes, best first, are the first on the true box that they overlap most, ``(n, m)`` to ``(n,)``."""
    left = overlaps.copy()
    hits = np.zeros(len(left), bool)
    for number, row in enumerate(left):
        if row.size and row.max() >= at:
            hits[number] = True
            left[:, row.argmax()] = -1
    return hits


def score_scenes(found: Sequence[PredictedBoxes], scenes: Sequence[Scene]) -> dict[str, float]:
    """AP50 and AP75 of any label, and the mean AP50 over the labels that occur."""
    labels = sorted({int(k) for scene in scenes for k in scene.labels if k >= 0})
    each = [average_precision(found, scenes, at=0.5, label=label) for label in labels]
    return {
        "AP50": average_precision(found, scenes, at=0.5),
        "AP75": average_precision(found, scenes, at=0.75),
        "mAP50": float(np.nanmean(each)) if each else float("nan"),
    }


def score_photos(found: Sequence[PredictedBoxes], boxes: Floats, labels: Ints) -> dict[str, Floats]:
    """For photos of one garment, ``(n,)`` each: the best box's IoU, whether it is above 0.75, and whether its
    label is right (NaN where it is unknown). The baseline is a constant box, the mean of the true ones.
    """
    best = np.array([f.boxes[0] if len(f.boxes) else np.zeros(4) for f in found])
    labelled = np.array([f.labels[0] if len(f.labels) else -1 for f in found])
    overlaps = np.array([iou(b[None], t[None])[0, 0] for b, t in zip(best, boxes, strict=True)])
    constant = iou(boxes.mean(0, keepdims=True), boxes)[0]
    return {
        "mean IoU": overlaps,
        "IoU > 0.75": (overlaps > 0.75).astype(np.float64),
        "label top-1": np.where(labels < 0, np.nan, labelled == labels),
        "mean IoU, constant box": constant,
        "IoU > 0.75, constant box": (constant > 0.75).astype(np.float64),
    }
