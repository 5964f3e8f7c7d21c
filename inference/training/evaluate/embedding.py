"""The figures of one embedding or detector, on photographers that took part in no choice."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from inference.detect import DEFAULT_MIN_SCORE
from inference.tensors import DETECT
from inference.training.data.masks import box_of
from inference.training.data.wardrobe import CAMERA, CATALOGUE, RAW, WEB, SceneMaker, Wardrobe
from inference.training.evaluate.boxes import Detect, find, judge_photos, judge_scenes
from inference.training.evaluate.retrieval import cross_hits, instance_ranks, interval, nearest_label_hits, recall_at

VIEWS: Final = {"raw": RAW, "camera": CAMERA, "catalogue": CATALOGUE, "web": WEB}
RECALLS: Final = (1, 5, 10, 50)
TASKS: Final = ("category P@1", "instance R@1 camera -> catalogue", "instance R@1 web -> catalogue")
Run = TypeVar("Run")
KEPT: Final = "false boxes that a worker keeps"
FROZEN: Final = "frozen, random projection"
ELSEWHERE: Final = "P@1 in another domain"
Figure = tuple[float, float, float]
"""A mean and its 95 % interval."""


def kinds(runs: Mapping[str, Run]) -> dict[str, list[Run]]:
    """Runs, or pairs of them, by kind, in the order of their seeds: ``NAME-0``, ``NAME-1`` and so on are one kind."""
    found: dict[str, list[Run]] = {}
    for name, run in runs.items():
        found.setdefault(re.sub(r"-\d+(?=\s|$)", "", name), []).append(run)
    return found


@dataclass(frozen=True, slots=True)
class Judged:
    """Photos that an embedding is judged on."""

    labels: np.ndarray  # (n,), -1 unknown
    photographers: np.ndarray  # (n,) str
    is_clear: np.ndarray  # (n,) bool: only these have catalogue and web views worth the name


def judge_vectors(vectors: Mapping[str, np.ndarray], judged: Judged) -> dict[str, Figure]:
    """Every figure of one embedding; ``vectors`` has one ``(n, d)`` a domain, as signs or of length 1."""
    values = per_query(vectors, judged)
    figures = {name: interval(v, judged.photographers) for name, v in values.items()}
    means = mean_of_known([values[task] for task in TASKS])
    figures["mean over tasks"] = interval(means, judged.photographers)
    return figures


def per_query(vectors: Mapping[str, np.ndarray], judged: Judged) -> dict[str, np.ndarray]:
    """The same before averaging, ``(n,)`` each, NaN where a photo is no query of that figure."""
    who, count = judged.photographers, len(judged.labels)
    known = np.flatnonzero(judged.labels >= 0)
    labels = judged.labels[known]
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
    clear = np.flatnonzero(judged.is_clear)
    for domain in ("camera", "web"):
        ranks = instance_ranks(vectors[domain][clear], vectors["catalogue"][clear])
        for k in RECALLS:
            values[f"instance R@{k} {domain} -> catalogue"] = _spread(recall_at(ranks, k), clear, count)
    return values


def mean_of_known(values: Sequence[np.ndarray]) -> np.ndarray:
    """Photo by photo the mean of what is known of it, ``(n,)``; NaN where nothing is."""
    stacked = np.stack(values)
    known = (~np.isnan(stacked)).sum(0)
    return np.where(known, np.nansum(stacked, axis=0) / np.maximum(known, 1), np.nan)


def _spread(values: np.ndarray, at: np.ndarray, count: int) -> np.ndarray:
    full = np.full(count, np.nan)
    full[at] = values
    return full


def paired_difference(
    ones: Sequence[Mapping[str, np.ndarray]], others: Sequence[Mapping[str, np.ndarray]], judged: Judged
) -> dict[str, Figure]:
    """How much better the first kind of embedding is, task by task and in the mean, on the same queries.

    Each kind is given with all its seeds; what is compared is a query's mean over them.
    """
    a, b = ([per_query(vectors, judged) for vectors in kind] for kind in (ones, others))
    gaps = {task: np.mean([v[task] for v in a], axis=0) - np.mean([v[task] for v in b], axis=0) for task in TASKS}
    gaps["mean over tasks"] = mean_of_known(list(gaps.values()))
    return {name: interval(gap, judged.photographers) for name, gap in gaps.items()}


def judge_unseen(vectors: np.ndarray, labels: np.ndarray, photographers: np.ndarray, unseen: np.ndarray) -> Figure:
    """P@1 of queries whose label is among ``unseen``, over everything given, itself left out."""
    hits = nearest_label_hits(vectors, labels, excluded=lambda i: np.arange(len(labels)) == i)
    asked = np.isin(labels, unseen)
    return interval(hits[asked], photographers[asked])


# --- the detector ---------------------------------------------------------------------------------


def judge_detector(detect: Detect, wardrobe: Wardrobe, makers: SceneMaker, *, scenes: int) -> dict[str, object]:
    """Every figure of a detector on one part's wardrobe; ``scenes`` of each made kind."""
    numbers = range(scenes)
    return {
        "composed scenes": _judge_made(detect, makers.composed, makers, numbers, kind="composed"),
        "composed scenes of garments alone": _judge_made(detect, makers.garments_alone, makers, numbers, kind="alone"),
        "mosaics of real photos": _judge_made(detect, makers.mosaic, makers, numbers, kind="mosaic"),
        "real photos": _judge_real(detect, wardrobe, makers.labels),
        "pictures without garments": false_boxes(
            detect, [makers.empty(makers.rng("empty", i)).pixels for i in numbers]
        ),
    }


def _judge_made(
    detect: Detect, make: Callable, makers: SceneMaker, numbers: Sequence[int], *, kind: str
) -> dict[str, float]:
    made = [make(makers.rng(kind, i)) for i in numbers]
    return judge_scenes(find(detect, [scene.pixels for scene in made]), made)


def _judge_real(detect: Detect, wardrobe: Wardrobe, labels: np.ndarray) -> dict[str, Figure]:
    rows = wardrobe.members[wardrobe.outlines.is_clear[wardrobe.members]]
    pictures = [wardrobe.picture(int(i), size_px=DETECT.image_size_px) for i in rows]
    boxes = [box_of(wardrobe.outlines.masks[i]) for i in rows]
    truth = np.array([[b.x0, b.y0, b.x1, b.y1] for b in boxes])
    who = np.array([wardrobe.photos[i].photographer for i in rows])
    values = judge_photos(find(detect, pictures), truth, labels[rows])
    return {name: interval(v.astype(np.float64), who) for name, v in values.items()}


def false_boxes(detect: Detect, pictures: Sequence[np.ndarray]) -> dict[str, float]:
    """Boxes where nothing should be found, a picture: those with a score over 0.5, and all that a worker keeps."""
    found = find(detect, pictures)
    over = {"false boxes": 0.5, KEPT: DEFAULT_MIN_SCORE}
    counts = {name: float(np.mean([(f.scores > score).sum() for f in found])) for name, score in over.items()}
    return {**counts, "pictures": float(len(pictures))}
