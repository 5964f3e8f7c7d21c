"""The queries for a photo, their weights, and the relevance of their hits."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from pinstream.search.blend import LARGE_SHARE, PhotoPart, area, dominant, lens_queries, relevance
from pinstream.store.codes import CODE_BYTES
from pinstream.store.collection import Box, Slots

PICTURE = bytes(CODE_BYTES)
SIDES = st.floats(0, 1, allow_nan=False)


def photo_object(score: float, box: Box) -> PhotoPart:
    return PhotoPart(code=b"\x01" * CODE_BYTES, label="Hat", score=score, box=box)


LARGE, SMALL, TINY = (0.0, 0.0, 1.0, 0.9), (0.0, 0.0, 0.5, 0.5), (0.0, 0.0, 0.1, 0.1)


def test_a_large_clear_object_dominates_and_leads() -> None:
    objects = [photo_object(0.9, TINY), photo_object(0.8, LARGE), photo_object(0.7, SMALL)]

    picture, *queries = lens_queries(PICTURE, objects)

    assert dominant(objects) == 1
    assert max(query.weight for query in (picture, *queries)) == queries[1].weight == 1.0
    assert (picture.slots, {query.slots for query in queries}) == ("whole", {"objects"})


def test_of_equals_and_of_small_objects_none_dominates() -> None:
    assert dominant([photo_object(0.9, SMALL), photo_object(0.9, (0.5, 0.5, 1.0, 1.0))]) is None
    assert dominant([photo_object(0.99, TINY)]) is None
    assert dominant([]) is None


def test_the_picture_weighs_less_the_more_objects_are_on_it() -> None:
    weights = [lens_queries(PICTURE, [photo_object(0.5, SMALL)] * count)[0].weight for count in range(5)]

    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 1.0


@given(st.lists(st.tuples(SIDES, SIDES, SIDES, SIDES, SIDES), max_size=8))
def test_weights_are_in_the_range_that_a_search_takes(made: list[tuple[float, ...]]) -> None:
    objects = [
        photo_object(score, (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))) for score, x0, y0, x1, y1 in made
    ]

    queries = lens_queries(PICTURE, objects)

    leader = dominant(objects)
    assert all(0 < query.weight <= 1 for query in queries)
    assert leader is None or area(objects[leader].box) >= LARGE_SHARE
    assert len(queries) == len(objects) + 1


def test_relevance_falls_with_every_bit() -> None:
    for slots in get_args(Slots):
        values = [relevance(distance, slots) for distance in range(257)]

        assert values == sorted(values, reverse=True)
        assert len(set(values)) == len(values)
        assert 0 < values[-1] < values[0] <= 1
