"""Average precision and IoU of boxes, counted by hand."""

import numpy as np
import pytest

from inference.training.data.scenes import Scene
from inference.training.evaluate.boxes import PredictedBoxes, average_precision, iou, score_photos

SQUARE = [0.0, 0.0, 0.4, 0.4]
OTHER = [0.5, 0.5, 0.9, 0.9]


def scene(*boxes: list[float], labels: list[int] | None = None) -> Scene:
    return Scene(np.zeros((8, 8, 3), np.uint8), np.array(boxes).reshape(-1, 4), np.array(labels or [0] * len(boxes)))


def found(*boxes: list[float], scores: list[float], labels: list[int] | None = None) -> PredictedBoxes:
    return PredictedBoxes(np.array(boxes).reshape(-1, 4), np.array(scores), np.array(labels or [0] * len(boxes)))


def test_iou_of_a_box_with_itself_half_and_nothing() -> None:
    boxes = np.array([SQUARE])

    assert iou(boxes, np.array([SQUARE, [0.0, 0.0, 0.4, 0.2], OTHER]))[0] == pytest.approx([1.0, 0.5, 0.0])


def test_everything_found_and_nothing_else_is_one() -> None:
    assert average_precision([found(SQUARE, OTHER, scores=[0.9, 0.8])], [scene(SQUARE, OTHER)], at=0.75) == 1.0


def test_a_false_box_above_the_true_one_halves_the_precision() -> None:
    assert average_precision([found(OTHER, SQUARE, scores=[0.9, 0.8])], [scene(SQUARE)], at=0.5) == 0.5


def test_a_false_box_below_all_true_ones_costs_nothing() -> None:
    assert average_precision([found(SQUARE, OTHER, scores=[0.9, 0.1])], [scene(SQUARE)], at=0.5) == 1.0


def test_a_box_is_found_once() -> None:
    assert average_precision([found(SQUARE, SQUARE, scores=[0.9, 0.8])], [scene(SQUARE, OTHER)], at=0.5) == 0.5


def test_a_false_box_on_an_empty_picture_counts_against_another_pictures_truth() -> None:
    pictures = [found(SQUARE, scores=[0.9]), found(SQUARE, scores=[0.5])]

    assert average_precision(pictures, [scene(), scene(SQUARE)], at=0.5) == 0.5


def test_the_wrong_label_is_not_found() -> None:
    mine = [found(SQUARE, scores=[0.9], labels=[1])]

    assert average_precision(mine, [scene(SQUARE, labels=[0])], at=0.5, label=0) == 0.0
    assert np.isnan(average_precision(mine, [scene(SQUARE, labels=[0])], at=0.5, label=1))


def test_a_box_on_a_garment_of_unknown_label_is_neither_found_nor_false() -> None:
    mine = [found(OTHER, SQUARE, scores=[0.9, 0.8])]

    assert average_precision(mine, [scene(SQUARE, OTHER, labels=[0, -1])], at=0.5, label=0) == 1.0
    assert average_precision(mine, [scene(SQUARE, OTHER, labels=[0, 1])], at=0.5, label=0) == 0.5
    assert average_precision(mine, [scene(SQUARE, OTHER, labels=[0, -1])], at=0.5) == 1.0


def test_photos_are_scored_with_a_constant_box_as_baseline() -> None:
    truth = np.array([SQUARE, SQUARE])

    scores = score_photos([found(SQUARE, scores=[0.9]), found(scores=[])], truth, np.array([0, -1]))

    assert scores["mean IoU"].tolist() == [1.0, 0.0]
    assert scores["label top-1"][0] == 1.0
    assert np.isnan(scores["label top-1"][1])
    assert (scores["IoU > 0.75, constant box"] == 1).all()
