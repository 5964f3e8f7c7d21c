"""The embedding network: the backbone and a head whose signs are the code."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from inference.training.model.backbone import POOLED, Backbone
from pinstream.store.codes import CODE_BITS


class EmbedHead(nn.Module):
    """Pooled features to the vector whose signs are the code: LayerNorm, one projection, LayerNorm."""

    def __init__(self, bits: int = CODE_BITS, *, dropout: float = 0.0, normalise: bool = True) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.project = nn.Linear(POOLED, bits)
        nn.init.orthogonal_(self.project.weight)
        nn.init.zeros_(self.project.bias)
        self.normalise = normalise

    def forward(self, pooled: Tensor) -> Tensor:
        """``(n, 1280)`` to ``(n, bits)``; no affine anywhere, so that 0 is the threshold of every bit."""
        x = functional.layer_norm(pooled, pooled.shape[-1:]) if self.normalise else pooled
        e: Tensor = self.project(self.dropout(x))
        return functional.layer_norm(e, e.shape[-1:]) if self.normalise else e


class EmbedderNetwork(nn.Module):
    """Backbone and head; only what comes after ``cut`` is trained."""

    def __init__(self, backbone: Backbone, head: EmbedHead, *, cut: str) -> None:
        super().__init__()
        self.backbone, self.head, self.cut = backbone, head, cut

    def forward(self, x: Tensor, at: str) -> Tensor:
        """Pictures, or maps of a point ``at`` that is not after the cut, to ``(n, bits)``."""
        with torch.no_grad():
            x = self.backbone.run(x, at, self.cut)
        vectors: Tensor = self.head(self.backbone.run(x, self.cut, "pooled"))
        return vectors
