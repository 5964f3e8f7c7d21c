"""The rotation that brings embeddings close to their signs, and its place in the projection."""

import numpy as np
import torch
from torch import Tensor

from inference.training.arrays import Floats
from inference.training.model.embedder import EmbedderNetwork


def itq_rotation(vectors: Floats, *, rounds: int = 60, seed: int = 0) -> Floats:
    """The rotation ``(d, d)`` that brings vectors closest to their signs; codes are ``vectors @ rotation > 0``.

    Iterative quantisation (Gong and Lazebnik, CVPR 2011) without centring and without PCA.
    """
    v = vectors.astype(np.float64)
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(v.shape[1], v.shape[1])))
    for _ in range(rounds):
        u, _, wt = np.linalg.svd(v.T @ np.sign(v @ rotation))
        rotation = u @ wt
    return rotation.astype(np.float32)


def fold(embedder: EmbedderNetwork, rotation: Floats) -> tuple[Tensor, Tensor]:
    """Weight and bias of one linear map whose signs are those of the rotated embedding.

    The last LayerNorm subtracts the mean, which is linear, and divides by a positive number, which
    moves no sign; both it and the rotation therefore fit into the projection.
    """
    weight, bias = embedder.head.project.weight.detach().double(), embedder.head.project.bias.detach().double()
    bits = len(bias)
    centre = torch.eye(bits, dtype=torch.float64) - 1 / bits if embedder.head.normalise else torch.eye(bits).double()
    turn = torch.from_numpy(rotation).double().T @ centre
    return (turn @ weight.cpu()).float(), (turn @ bias.cpu()).float()
