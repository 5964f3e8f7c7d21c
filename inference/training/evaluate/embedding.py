"""The figures of one embedding on a set of labelled photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from inference.training.arrays import Floats, Ints, Mask, Names
from inference.training.data.views import CAMERA, CATALOGUE, RAW, WEB
from inference.training.evaluate.retrieval import (
    Figure,
    cross_hits,
    instance_ranks,
    interval,
    nearest_label_hits,
    recall_at,
)

VIEWS: Final = {"raw": RAW, "camera": CAMERA, "catalogue": CATALOGUE, "web": WEB}
RECALLS: Final = (1, 5, 10, 50)
TASKS: Final = ("category P@1", "instance R@1 camera -> catalogue", "instance R@1 web -> catalogue")
MEAN: Final = "mean over tasks"
Vectors = Mapping[str, Floats]
"""One ``(n, d)`` for each of `VIEWS`, as signs or of length 1."""


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """What figures need to know of the photos."""

    labels: Ints  # (n,) -1 unknown
    photographers: Names  # (n,)
    is_clear: Mask  # (n,) only photos with a clear mask have useful catalogue and web views


def evaluate_embedding(vectors: Vectors, photos: EvaluationSet) -> dict[str, Figure]:
    """Every figure of one embedding."""
    values = per_query(vectors, photos)
    figures = {name: interval(v, photos.photographers) for name, v in values.items()}
    figures[MEAN] = interval(mean_of_known([values[task] for task in TASKS]), photos.photographers)
    return figures


def per_query(vectors: Vectors, photos: EvaluationSet) -> dict[str, Floats]:
    """The values whose mean is a figure, ``(n,)`` each, NaN where a photo is no query of that figure."""
    who, count = photos.photographers, len(photos.labels)
    known = np.flatnonzero(photos.labels >= 0)
    labels = photos.labels[known]
    raw = vectors["raw"][known]
    values = {
        "category P@1": nearest_label_hits(raw, labels, excluded=lambda i: np.arange(len(known)) == i),
        "category P@1, photographer left out": nearest_label_hits(
            raw, labels, excluded=lambda i: who[known] == who[known[i]]
        ),
        "category P@1 camera -> catalogue": cross_hits(
            vectors["camera"][known], vectors["catalogue"][known], labels, labels
        ),
    }
    values = {name: _spread(v, known, count) for name, v in values.items()}
    clear = np.flatnonzero(photos.is_clear)
    for domain in ("camera", "web"):
        ranks = instance_ranks(vectors[domain][clear], vectors["catalogue"][clear])
        for k in RECALLS:
            values[f"instance R@{k} {domain} -> catalogue"] = _spread(recall_at(ranks, k), clear, count)
    return values


def mean_of_known(values: Sequence[Floats]) -> Floats:
    """Photo by photo the mean of the values that are not NaN, ``(n,)``; NaN where all are."""
    stacked = np.stack(values)
    known = (~np.isnan(stacked)).sum(0)
    return np.where(known, np.nansum(stacked, axis=0) / np.maximum(known, 1), np.nan)


def _spread(values: Floats, at: Ints, count: int) -> Floats:
    full = np.full(count, np.nan)
    full[at] = values
    return full


def paired_difference(ones: Sequence[Vectors], others: Sequence[Vectors], photos: EvaluationSet) -> dict[str, Figure]:
    """How much better the first kind of embedding is, by task and in the mean, on the same queries.

    Each kind is given with all its seeds; a query's mean over them is compared.
    """
    a, b = ([per_query(vectors, photos) for vectors in kind] for kind in (ones, others))
    gaps: dict[str, Floats] = {
        task: np.mean([v[task] for v in a], axis=0) - np.mean([v[task] for v in b], axis=0) for task in TASKS
    }
    gaps[MEAN] = mean_of_known(list(gaps.values()))
    return {name: interval(gap, photos.photographers) for name, gap in gaps.items()}


def precision_of_labels(vectors: Floats, labels: Ints, photographers: Names, asked: Ints) -> Figure:
    """P@1 of the queries whose label is among ``asked``, over everything given, itself left out."""
    hits = nearest_label_hits(vectors, labels, excluded=lambda i: np.arange(len(labels)) == i)
    is_query = np.isin(labels, asked)
    return interval(hits[is_query], photographers[is_query])
