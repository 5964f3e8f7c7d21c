"""Differences between kinds of embeddings, and figures that are added to others."""

from pathlib import Path

import numpy as np

from inference.training.arrays import Floats
from inference.training.evaluate import figures
from inference.training.evaluate.embedding import EvaluationSet, paired_difference

LABELS = np.array([0, 0, 1, 1])
PHOTOS = EvaluationSet(LABELS, np.array(["a", "b", "c", "d"]), np.ones(4, bool))
RIGHT = np.eye(4)[[0, 0, 1, 1]] + 0.1 * np.eye(4)  # nearest other: the same label
WRONG = np.eye(4)[[0, 1, 0, 1]] + 0.1 * np.eye(4)  # nearest other: the other label


def of_all_domains(vectors: Floats) -> dict[str, Floats]:
    return dict.fromkeys(("raw", "camera", "catalogue", "web"), vectors)


def test_each_querys_mean_over_the_seeds_is_compared() -> None:
    always, half = [of_all_domains(RIGHT)], [of_all_domains(RIGHT), of_all_domains(WRONG)]

    gaps = paired_difference(always, half, PHOTOS)

    assert gaps["category P@1"] == (0.5, 0.5, 0.5)


def test_a_kind_is_as_good_as_itself() -> None:
    kind = [of_all_domains(RIGHT), of_all_domains(WRONG)]

    assert paired_difference(kind, kind, PHOTOS)["mean over tasks"] == (0, 0, 0)


def test_added_figures_leave_the_others(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    figures.add(path, {"runs": {"one-0": 1, "two-0": 2}, "elsewhere": {"frozen, float": 3}, "speed": 5})

    figures.add(path, {"runs": {"two-0": 20, "three-0": 30}, "speed": 50}, merged=figures.MANY)

    assert figures.read(path) == {
        "runs": {"one-0": 1, "two-0": 20, "three-0": 30},
        "elsewhere": {"frozen, float": 3},
        "speed": 50,
    }
