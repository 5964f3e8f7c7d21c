import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.detect import MIN_SIDE, Detection, Detector, clip, has_area
from inference.errors import ModelMismatch
from inference.images import Box
from inference.runner import Priority
from inference.tensors import DETECT
from tests.inference.fakes import FakeModels

PICTURE = np.zeros((60, 80, 3), np.uint8)
Corners = tuple[float, float, float, float]
LABELS = ("Dress", "Hat", "Shoes")


async def test_objects_come_best_first_with_their_names(models: FakeModels) -> None:
    models.detections = [(2, 0.5, (0.0, 0.5, 0.5, 1.0)), (0, 0.75, (0.25, 0.0, 0.75, 0.5))]

    found = await Detector(models, LABELS).detect(PICTURE)

    assert found == (
        Detection("Dress", 0.75, Box(0.25, 0.0, 0.75, 0.5)),
        Detection("Shoes", 0.5, Box(0.0, 0.5, 0.5, 1.0)),
    )


async def test_the_model_sees_the_whole_picture_squashed(models: FakeModels) -> None:
    await Detector(models, LABELS).detect(PICTURE, priority=Priority.BACKFILL)

    ((name, images, priority),) = models.calls
    assert (name, images.shape, images.dtype.name) == ("detect", (1, 320, 320, 3), "uint8")
    assert priority is Priority.BACKFILL


async def test_doubtful_objects_are_left_out(models: FakeModels) -> None:
    models.detections = [(0, 0.5, (0, 0, 1, 1)), (1, 0.25, (0, 0, 1, 1))]

    assert len(await Detector(models, LABELS, min_score=0.5).detect(PICTURE)) == 1
    assert len(await Detector(models, LABELS, min_score=0.25).detect(PICTURE)) == 2


async def test_only_the_best_objects_are_kept_and_ties_keep_the_models_order(models: FakeModels) -> None:
    models.detections = [(index % 3, 0.5, (0, 0, (index + 1) / 20, 1)) for index in range(10)]

    found = await Detector(models, LABELS, max_objects=4).detect(PICTURE)

    assert [round(each.box.x1 * 20) for each in found] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "box",
    [
        (0.5, 0.2, 0.5, 0.8),
        (0.8, 0.2, 0.3, 0.8),
        (0.2, 0.2, 0.2 + MIN_SIDE / 2, 0.8),
        (1.1, 0.2, 1.9, 0.8),
        (-2.0, 0.2, -1.0, 0.8),
        (float("nan"), 0.2, 0.5, 0.8),
    ],
)
async def test_a_box_without_two_sides_on_the_picture_is_left_out(
    models: FakeModels, box: tuple[float, float, float, float]
) -> None:
    models.detections = [(0, 0.9, box)]

    assert await Detector(models, LABELS).detect(PICTURE) == ()


async def test_a_box_that_hangs_over_the_edge_is_cut(models: FakeModels) -> None:
    models.detections = [(0, 0.9, (-0.5, 0.25, 0.5, 1.5))]

    (found,) = await Detector(models, LABELS).detect(PICTURE)

    assert found.box == Box(0.0, 0.25, 0.5, 1.0)


async def test_a_score_that_is_no_number_is_left_out(models: FakeModels) -> None:
    models.detections = [(0, float("nan"), (0, 0, 1, 1))]

    assert await Detector(models, LABELS).detect(PICTURE) == ()


@pytest.mark.parametrize("index", [-1, 3])
async def test_a_label_without_a_name_is_a_mismatch(models: FakeModels, index: int) -> None:
    models.detections = [(index, 0.9, (0, 0, 1, 1))]

    with pytest.raises(ModelMismatch, match=f"label {index} of a model with 3 labels"):
        await Detector(models, LABELS).detect(PICTURE)


async def test_many_pictures_go_in_calls_the_model_takes(models: FakeModels) -> None:
    models.detections = [(0, 0.9, (0, 0, 1, 1))]
    images = np.zeros((DETECT.max_batch + 3, 320, 320, 3), np.uint8)

    found = await Detector(models, LABELS).detect_squashed(images)

    assert [len(each) for each in found] == [1] * (DETECT.max_batch + 3)
    assert [len(images) for _, images, _ in models.calls] == [DETECT.max_batch, 3]


@given(st.lists(st.tuples(*[st.floats(width=32)] * 4), min_size=1, max_size=5))
def test_boxes_that_are_kept_lie_inside_the_picture(corners: list[Corners]) -> None:
    boxes = clip(np.array(corners, np.float32))

    for x0, y0, x1, y1 in boxes[has_area(boxes)]:
        assert 0 <= x0 < x1 <= 1
        assert 0 <= y0 < y1 <= 1
