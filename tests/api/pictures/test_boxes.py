"""Intersection over union, and the object that a box covers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.pictures.boxes import best_match, iou
from pinstream.search.hits import PinObject
from pinstream.store.collection import WHOLE_BOX, Box

edges = st.lists(st.integers(0, 20), min_size=2, max_size=2, unique=True).map(sorted)
boxes = st.tuples(edges, edges).map(lambda pair: (pair[0][0] / 20, pair[1][0] / 20, pair[0][1] / 20, pair[1][1] / 20))


def iou_by_cells(one: Box, other: Box) -> float:
    """By cells of a grid."""

    def cells(box: Box) -> set[tuple[int, int]]:
        left, top, right, bottom = (round(edge * 20) for edge in box)
        return {(x, y) for x in range(left, right) for y in range(top, bottom)}

    return len(cells(one) & cells(other)) / len(cells(one) | cells(other))


@given(boxes, boxes)
def test_overlap_is_what_counting_cells_gives(one: Box, other: Box) -> None:
    assert iou(one, other) == pytest.approx(iou_by_cells(one, other))
    assert iou(one, other) == iou(other, one)
    assert iou(one, one) == pytest.approx(1)


def test_the_object_that_shares_most_is_meant_if_it_shares_enough() -> None:
    objects = [
        PinObject(slot=slot, label="bag", score=0.9, box=box)
        for slot, box in enumerate([(0.0, 0.0, 0.5, 0.5), (0.0, 0.0, 0.5, 0.6), (0.0, 0.0, 0.5, 0.5)], start=1)
    ]

    assert best_match((0.0, 0.0, 0.5, 0.5), objects) == objects[0]
    assert best_match((0.0, 0.0, 0.5, 0.61), objects) == objects[1]
    assert best_match(WHOLE_BOX, objects) is None
    assert best_match(WHOLE_BOX, []) is None
