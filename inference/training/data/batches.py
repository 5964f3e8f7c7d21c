"""Which photos and views make a batch: step k's batch depends on the seed and k alone, so runs can be resumed."""

from collections.abc import Iterator

import numpy as np

from inference.training.arrays import Floats, Ints
from inference.training.data.augment import keyed_rng
from inference.training.data.views import domain

Rows = tuple[Ints, Ints]
"""Photos and, for each, one of its views."""


def balanced_weights(labels: Ints) -> Floats:
    """The probability of drawing each photo, ``(n,)``: by the root of its label's count.

    In between uniform labels and uniform photos: rare labels come often enough, common ones still come most.
    """
    counts = np.bincount(labels + 1)
    weights = 1 / np.sqrt(counts[labels + 1])
    return np.asarray(weights / weights.sum())


def embed_batches(labels: Ints, *, views: int, photos_per_batch: int, seed: int, first_step: int = 0) -> Iterator[Rows]:
    """Endless ``(rows, views)``, each ``(2 * photos_per_batch,)``: every photo in two different domains."""
    weights = balanced_weights(labels)
    kinds = np.array([domain(view) for view in range(views)])
    groups = [np.flatnonzero(np.isin(kinds, names)) for names in (("raw", "camera"), ("catalogue",), ("web",))]
    step = first_step
    while True:
        rng = keyed_rng("batch", seed, step)
        rows = rng.choice(len(labels), photos_per_batch, replace=len(labels) < photos_per_batch, p=weights)
        pairs = rng.permuted(np.tile(np.arange(3), (photos_per_batch, 1)), axis=1)[:, :2]
        chosen = [rng.choice(group, (photos_per_batch, 2)) for group in groups]
        yield np.tile(rows, 2), np.select([pairs == g for g in range(3)], chosen).T.reshape(-1)
        step += 1


def broad_batches(
    pictures: int, *, views: int, pictures_per_batch: int, seed: int, first_step: int = 0
) -> Iterator[Rows]:
    """The same of broad pictures: each in two different views."""
    step = first_step
    while True:
        rng = keyed_rng("broad batch", seed, step)
        rows = rng.choice(pictures, pictures_per_batch, replace=pictures < pictures_per_batch)
        chosen = rng.permuted(np.tile(np.arange(views), (pictures_per_batch, 1)), axis=1)[:, :2]
        yield np.tile(rows, 2), chosen.T.reshape(-1)
        step += 1
