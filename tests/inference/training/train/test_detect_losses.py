"""The detector's losses, on values a person can check."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need torch: make test-training")
from torch import Tensor  # noqa: E402

from inference.training.train import detect_losses  # noqa: E402

pytestmark = pytest.mark.training


def random(*shape: int, seed: int = 0) -> Tensor:
    values: Tensor = torch.from_numpy(np.random.default_rng(seed).normal(size=shape)).float()
    return values


def gradient_of(values: Tensor) -> Tensor:
    assert values.grad is not None
    return values.grad


def test_overlap_of_boxes_known_by_hand() -> None:
    one = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 1.0, 1.0]])
    other = torch.tensor([[1.0, 0.0, 3.0, 2.0], [2.0, 0.0, 3.0, 1.0]])

    iou, generalised = detect_losses.box_overlaps(one, other)

    assert iou.tolist() == pytest.approx([1 / 3, 0.0])
    assert generalised.tolist() == pytest.approx([1 / 3, -1 / 3])


def test_the_smaller_box_gets_the_cell_that_two_want() -> None:
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.45, 0.45, 0.55, 0.55]])

    cells, which = detect_losses.assign_cells(boxes, side=20)

    owner = dict(zip(cells.tolist(), which.tolist(), strict=True))
    assert 1 in owner.values()
    assert all(owner[c] == 0 for c in owner if abs((c % 20 + 0.5) / 20 - 0.5) > 0.1)


def test_every_box_has_a_cell_however_small() -> None:
    boxes = torch.tensor([[0.11, 0.21, 0.111, 0.211]])

    cells, which = detect_losses.assign_cells(boxes, side=20)

    assert cells.tolist() == [4 * 20 + 2]
    assert which.tolist() == [0]


def test_quality_focal_of_one_cell_by_hand() -> None:
    found = detect_losses.quality_focal(torch.tensor([0.0]), torch.tensor([1.0]))

    assert float(found) == pytest.approx(0.25 * math.log(2))


def test_a_picture_without_garments_only_teaches_that_nothing_is_there() -> None:
    outputs = (random(1, 4, 3).requires_grad_(), random(1, 4).requires_grad_(), random(1, 4, 4).requires_grad_())

    found = detect_losses.detection_loss(outputs, [(torch.zeros((0, 4)), torch.zeros(0, dtype=torch.int64))])

    assert set(found) == {"objectness"}
    found["objectness"].backward()
    assert outputs[0].grad is None
    assert gradient_of(outputs[1]).min() > 0


def test_a_garment_of_unknown_kind_moves_no_label() -> None:
    outputs = (random(1, 4, 3).requires_grad_(), random(1, 4).requires_grad_(), random(1, 4, 4).requires_grad_())

    found = detect_losses.detection_loss(outputs, [(torch.tensor([[0.1, 0.1, 0.9, 0.9]]), torch.tensor([-1]))])
    torch.stack(list(found.values())).sum().backward()

    assert not gradient_of(outputs[0]).any()
    assert gradient_of(outputs[2]).any()
