"""What the models are trained on: proxies of several tasks for the embedding; surely, what and where for boxes."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.training.model.networks import cell_centres

UNKNOWN = -1
"""A target nobody knows: its row has no loss, and its gradient is exactly zero."""


def proxy_softmax(
    embeddings: Tensor, proxies: Tensor, targets: Tensor, *, temperature: float, columns: Tensor | None = None
) -> Tensor:
    """Cross-entropy of cosines to proxies over the rows whose target is known; a scalar, 0 if none is.

    ``embeddings (n, d)``, ``proxies (c, d)``, ``targets (n,)`` in 0..c-1 or -1. ``columns (k,)`` names the
    proxies taking part, ascending, without repeats and including every target ("Classification is a Strong
    Baseline for Deep Metric Learning", BMVC 2019).
    """
    known = targets != UNKNOWN
    if not known.any():
        return embeddings.sum() * 0.0
    wanted = targets[known]
    if columns is not None:
        proxies, wanted = proxies[columns], torch.searchsorted(columns, wanted.contiguous())
    cosines = functional.normalize(embeddings[known].float(), dim=1) @ functional.normalize(proxies.float(), dim=1).T
    return functional.cross_entropy(cosines / temperature, wanted)


def sampled_columns(targets: Tensor, *, total: int, extra: int, generator: torch.Generator) -> Tensor:
    """The batch's own proxies and ``extra`` drawn others, ascending; all of them if ``extra`` is 0 or too many."""
    if extra <= 0 or extra >= total:
        return torch.arange(total, device=targets.device)
    drawn = torch.randperm(total, generator=generator)[:extra].to(targets.device)
    return torch.unique(torch.cat([targets[targets != UNKNOWN], drawn]))


class TaskProxies(nn.Module):
    """One proxy for each class of each task; the tasks weigh the same."""

    def __init__(self, classes: dict[str, int], dims: int, *, temperature: float, sampled: int):
        super().__init__()
        self.proxies = nn.ParameterDict({task: nn.Parameter(torch.randn(n, dims)) for task, n in classes.items()})
        self.temperature, self.sampled = temperature, sampled

    def forward(self, embeddings: Tensor, targets: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """The loss of each task, by name; every task's targets are ``(n,)`` with -1 for unknown."""
        losses = {}
        for task, proxies in self.proxies.items():
            columns = sampled_columns(targets[task], total=len(proxies), extra=self.sampled, generator=generator)
            losses[task] = proxy_softmax(
                embeddings, proxies, targets[task], temperature=self.temperature, columns=columns
            )
        return losses


def neighbourhood(embeddings: Tensor, teacher: Tensor, *, temperature: float = 0.1) -> Tensor:
    """How far the embeddings' neighbours in the batch are from the teacher's: the mean over rows of KL between
    softmaxes of cosines to all others. ``(n, d)`` and ``(n, k)``; a scalar.
    """
    itself = torch.eye(len(embeddings), dtype=torch.bool, device=embeddings.device)
    mine, theirs = (
        (functional.normalize(v.float(), dim=1) @ functional.normalize(v.float(), dim=1).T / temperature)
        .masked_fill(itself, -1e4)
        .log_softmax(1)
        for v in (embeddings, teacher)
    )
    return functional.kl_div(mine, theirs, reduction="batchmean", log_target=True)


# --- boxes ----------------------------------------------------------------------------------------


def overlap(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU of boxes pair by pair, ``(n, 4)`` xyxy each, ``(n,)`` both."""
    low, high = torch.maximum(one[:, :2], other[:, :2]), torch.minimum(one[:, 2:], other[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    areas = (one[:, 2:] - one[:, :2]).prod(1) + (other[:, 2:] - other[:, :2]).prod(1)
    union = (areas - shared).clamp(min=1e-9)
    hull = torch.maximum(one[:, 2:], other[:, 2:]) - torch.minimum(one[:, :2], other[:, :2])
    around = hull.prod(1).clamp(min=1e-9)
    iou = shared / union
    return iou, iou - (around - union) / around


def assign(boxes: Tensor, *, side: int, region: float = 0.4) -> tuple[Tensor, Tensor]:
    """Which cells answer for which box: ``(cells,) int64`` pairs of cell and box indices.

    A cell answers for a box if its centre lies in the box's central region, or is the nearest to the box's
    centre; where several want it, the smallest box gets it.
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
    """Binary cross-entropy to a quality in 0..1, weighted by how far off it is; summed (GFL, 2020)."""
    error = (logits.sigmoid() - quality).detach().abs()
    return (error.square() * functional.binary_cross_entropy_with_logits(logits, quality, reduction="none")).sum()


def detection_loss(
    outputs: tuple[Tensor, Tensor, Tensor], truth: list[tuple[Tensor, Tensor]], *, smoothing: float = 0.05
) -> dict[str, Tensor]:
    """``surely``, ``what`` and ``where`` for one batch, each averaged over the cells that answer for a box.

    ``outputs`` as the detector gives them; ``truth`` has boxes ``(k, 4)`` and labels ``(k,)`` of each picture,
    label -1 for a garment of unknown kind.
    """
    classes, objectness, boxes = outputs
    side, on = int(objectness.shape[1] ** 0.5), boxes.device
    at: list[Tensor] = []  # (picture, cell) of every cell that answers for a box, and that box and label
    wanted, labels = [], []
    for i, (true_boxes, true_labels) in enumerate(truth):
        if len(true_boxes) == 0:
            continue
        cells, which = assign(true_boxes, side=side)
        at.append(torch.stack([torch.full_like(cells, i), cells]))
        wanted.append(true_boxes[which])
        labels.append(true_labels[which])
    quality = torch.zeros_like(objectness)
    if not at:
        return {"surely": quality_focal(objectness, quality)}
    picture, cell = torch.cat(at, 1).to(on)
    aims, said = torch.cat(wanted).to(on), torch.cat(labels).to(on)
    iou, generalised = overlap(boxes[picture, cell], aims)
    quality[picture, cell] = iou.detach()
    what = functional.cross_entropy(
        classes[picture, cell], said, ignore_index=UNKNOWN, label_smoothing=smoothing, reduction="sum"
    )
    return {
        "surely": quality_focal(objectness, quality) / len(cell),
        "where": (1 - generalised).mean(),
        "what": what / (said != UNKNOWN).sum().clamp(min=1),
    }
