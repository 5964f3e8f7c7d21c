"""The losses of the embedding: proxies of several tasks, and the frozen backbone's neighbours."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.training.data.photos import UNKNOWN


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
        zero: Tensor = embeddings.sum() * 0.0  # has a gradient, of zeros: callers add losses and call backward
        return zero
    wanted = targets[known]
    if columns is not None:
        proxies, wanted = proxies[columns], torch.searchsorted(columns, wanted.contiguous())
    cosines = functional.normalize(embeddings[known].float(), dim=1) @ functional.normalize(proxies.float(), dim=1).T
    loss: Tensor = functional.cross_entropy(cosines / temperature, wanted)
    return loss


def sampled_columns(targets: Tensor, *, total: int, extra: int, generator: torch.Generator) -> Tensor:
    """The batch's own proxies and ``extra`` random others, ascending; all of them if ``extra`` is 0 or too many."""
    if extra <= 0 or extra >= total:
        return torch.arange(total, device=targets.device)
    others = torch.randperm(total, generator=generator)[:extra].to(targets.device)
    columns: Tensor = torch.unique(torch.cat([targets[targets != UNKNOWN], others]))
    return columns


class TaskProxies(nn.Module):
    """One proxy for each class of each task."""

    def __init__(self, classes: dict[str, int], dims: int, *, temperature: float, sampled: int) -> None:
        super().__init__()
        self.proxies = nn.ParameterDict({task: nn.Parameter(torch.randn(n, dims)) for task, n in classes.items()})
        self.temperature, self.sampled = temperature, sampled

    def forward(self, embeddings: Tensor, targets: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """The loss of each task, by name; each task's targets are ``(n,)``, -1 for unknown."""
        losses = {}
        for task, proxies in self.proxies.items():
            columns = sampled_columns(targets[task], total=len(proxies), extra=self.sampled, generator=generator)
            losses[task] = proxy_softmax(
                embeddings, proxies, targets[task], temperature=self.temperature, columns=columns
            )
        return losses


def neighbour_divergence(embeddings: Tensor, teacher: Tensor, *, temperature: float = 0.1) -> Tensor:
    """How much the embeddings' neighbours in the batch differ from the teacher's: the mean over rows of the KL
    divergence between softmaxes of cosines to all others. ``(n, d)`` and ``(n, k)``; a scalar.
    """
    itself = torch.eye(len(embeddings), dtype=torch.bool, device=embeddings.device)
    own, wanted = (
        (functional.normalize(v.float(), dim=1) @ functional.normalize(v.float(), dim=1).T / temperature)
        .masked_fill(itself, -1e4)
        .log_softmax(1)
        for v in (embeddings, teacher)
    )
    return functional.kl_div(own, wanted, reduction="batchmean", log_target=True)
