"""How good codes are at finding: precision and recall with a stated order of ties, and their uncertainty."""

from collections.abc import Callable

import numpy as np


def as_signs(embeddings: np.ndarray) -> np.ndarray:
    """Codes as -1 and +1, ``(n, bits) float32``: their inner product falls as the Hamming distance grows."""
    return np.where(embeddings > 0, np.float32(1), np.float32(-1))


def unpacked(codes: np.ndarray) -> np.ndarray:
    """Packed codes as -1 and +1, ``(n, bits) float32``."""
    return np.unpackbits(codes, axis=1).astype(np.float32) * 2 - 1


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length 1, so that inner products are cosines."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def nearest_label_hits(vectors: np.ndarray, labels: np.ndarray, *, excluded: Callable[[int], np.ndarray]) -> np.ndarray:
    """Whether the nearest other vector has the query's label, ``(n,) float64``.

    ``excluded(i)`` is the ``(n,) bool`` mask of what query i may not find, itself at least. Among ties for
    nearest the share with the right label counts. NaN where nothing is left to find.
    """
    similar = vectors @ vectors.T
    hits = np.full(len(vectors), np.nan)
    for i in range(len(vectors)):
        row = np.where(excluded(i), -np.inf, similar[i])
        best = row.max()
        if np.isfinite(best):
            hits[i] = (labels[row == best] == labels[i]).mean()
    return hits


def cross_hits(queries: np.ndarray, gallery: np.ndarray, query_labels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """As `nearest_label_hits`, over another gallery; the photo itself, at the query's own row, is excluded."""
    similar = queries @ gallery.T
    np.fill_diagonal(similar, -np.inf)
    best = similar.max(1, keepdims=True)
    ties = similar == best
    return (ties & (query_labels[:, None] == labels[None])).sum(1) / ties.sum(1)


def instance_ranks(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """How many of the gallery come before the query's own row, ``(n,)``; a tie counts half."""
    similar = queries @ gallery.T
    own = np.diagonal(similar)[:, None]
    return (similar > own).sum(1) + 0.5 * ((similar == own).sum(1) - 1)


def recall_at(ranks: np.ndarray, k: int) -> np.ndarray:
    """Whether each query's own row is among the first ``k``, ``(n,) float64``."""
    return (ranks < k).astype(np.float64)


def interval(
    values: np.ndarray, photographers: np.ndarray, *, rounds: int = 1000, seed: int = 0
) -> tuple[float, float, float]:
    """Mean and 95 % bootstrap interval over whole photographers, whose photos resemble each other."""
    is_known = ~np.isnan(values)
    values, photographers = values[is_known], photographers[is_known]
    names, group = np.unique(photographers, return_inverse=True)
    sums, counts = np.bincount(group, values), np.bincount(group)
    drawn = np.random.default_rng(seed).integers(0, len(names), (rounds, len(names)))
    means = sums[drawn].sum(1) / counts[drawn].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(values.mean()), float(low), float(high)
