"""Precision and recall of nearest neighbours, with ties counted in part, and their confidence intervals."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from inference.training.arrays import Floats, Ints, Mask, Names

Figure = tuple[float, float, float]
"""A mean and its 95 % interval."""


def as_signs(embeddings: Floats) -> Floats:
    """Codes as -1 and +1, ``(n, bits) float32``: their inner product falls as the Hamming distance grows."""
    return np.where(embeddings > 0, np.float32(1), np.float32(-1))


def unpack(codes: npt.NDArray[np.uint8]) -> Floats:
    """Packed codes as -1 and +1, ``(n, bits) float32``."""
    return np.unpackbits(codes, axis=1).astype(np.float32) * 2 - 1


def normalise(vectors: Floats) -> Floats:
    """To length 1, so that inner products are cosines."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def nearest_label_hits(vectors: Floats, labels: Ints, *, excluded: Callable[[int], Mask]) -> Floats:
    """Whether the nearest other vector has the query's label, ``(n,) float64``.

    ``excluded(i)``, ``(n,)``, is what query i may not find: at least itself. Among ties for the nearest the share with
    the right label counts. NaN where nothing is left to find.
    """
    similar = vectors @ vectors.T
    hits = np.full(len(vectors), np.nan)
    for i in range(len(vectors)):
        row = np.where(excluded(i), -np.inf, similar[i])
        best = row.max()
        if np.isfinite(best):
            hits[i] = (labels[row == best] == labels[i]).mean()
    return hits


def cross_hits(queries: Floats, gallery: Floats, query_labels: Ints, labels: Ints) -> Floats:
    """The same over another gallery, in which the row of the query's own photo is excluded."""
    similar = queries @ gallery.T
    np.fill_diagonal(similar, -np.inf)
    best = similar.max(1, keepdims=True)
    ties = similar == best
    hits: Floats = (ties & (query_labels[:, None] == labels[None])).sum(1) / ties.sum(1)
    return hits


def instance_ranks(queries: Floats, gallery: Floats) -> Floats:
    """How many rows of the gallery come before the query's own, ``(n,)``; a tie counts half."""
    similar = queries @ gallery.T
    own = np.diagonal(similar)[:, None]
    # The own row is in the gallery and ties with itself: it does not count.
    ranks: Floats = (similar > own).sum(1) + 0.5 * ((similar == own).sum(1) - 1)
    return ranks


def recall_at(ranks: Floats, k: int) -> Floats:
    """1 if a query's own row is among the first ``k``, else 0, ``(n,)``."""
    return (ranks < k).astype(np.float64)


def interval(values: Floats, photographers: Names, *, rounds: int = 1000, seed: int = 0) -> Figure:
    """Mean and 95 % interval of a bootstrap over whole photographers, since one person's photos resemble each other."""
    is_known = ~np.isnan(values)
    values, photographers = values[is_known], photographers[is_known]
    names, group = np.unique(photographers, return_inverse=True)
    sums, counts = np.bincount(group, values), np.bincount(group)
    samples = np.random.default_rng(seed).integers(0, len(names), (rounds, len(names)))
    means = sums[samples].sum(1) / counts[samples].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(values.mean()), float(low), float(high)
