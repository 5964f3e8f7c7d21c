"""The products over the exact index: which pins are found, in which order, under which filters."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinstream.errors import IndexUnavailable, PinUnknown, QueryInvalid
from pinstream.search.hits import NEAR_DUPLICATE_BITS, SAME_PRODUCT_BITS, Hit
from pinstream.search.index import AsyncVisualIndex, VisualIndex
from pinstream.search.query import ANY_LABEL, Filters, Rerank
from pinstream.store.codes import Code, hamming
from pinstream.store.collection import Row, Where, tombstone
from pinstream.store.memory import MemoryStore
from pinstream.store.vector_store import Consistency, Ranking
from tests.pinstream.search.rows import HOUR_MS, NOW_MS, code, index_of, pin_ids, row


def test_nearest_come_first_and_the_pin_itself_never() -> None:
    found = index_of(row("q", 0), row("far", 90), row("near", 3), row("twin", 0)).related("q")

    assert pin_ids(found) == ["twin", "near", "far"]
    assert [hit.distance for hit in found] == [0, 3, 90]
    assert [hit.near_duplicate for hit in found] == [True, True, False]


def test_pins_named_are_left_out_and_others_with_their_picture_are_not() -> None:
    rows = (row("own", 0, picture="aa"), row("twin", 0, picture="aa"), row("far", 90))

    assert pin_ids(index_of(*rows).by_code(code(0), filters=Filters(but="own"))) == ["twin", "far"]
    assert pin_ids(index_of(*rows, row("q", 0)).related("q", filters=Filters(but=("own", "far")))) == ["twin"]
    with pytest.raises(QueryInvalid, match="but"):
        index_of(*rows).by_code(code(0), filters=Filters(but=()))


def test_near_duplicates_end_at_the_stated_distance() -> None:
    found = index_of(row("q", 0), row("in", NEAR_DUPLICATE_BITS), row("out", NEAR_DUPLICATE_BITS + 1)).related("q")

    assert [hit.near_duplicate for hit in found] == [True, False]


def test_equal_distances_are_ordered_by_pin() -> None:
    found = index_of(row("q", 0), row("c", 5), row("a", 5), row("b", 5)).related("q", limit=2)

    assert pin_ids(found) == ["a", "b"]


def test_a_hit_says_how_near_and_how_old_it_is() -> None:
    (hit,) = index_of(row("q", 0), replace(row("hit", 64), box=(0.1, 0.2, 0.3, 0.4), price=9.5, title="Hat")).related(
        "q"
    )

    assert hit.similarity == 0.5
    assert hit.age_s == 3600
    assert (hit.box, hit.price, hit.title) == ((0.1, 0.2, 0.3, 0.4), 9.5, "Hat")


def test_the_same_picture_is_one_hit_with_the_number_of_its_pins() -> None:
    copies = [row(f"copy-{i:02}", 2, picture="aa") for i in range(40)]

    found = index_of(row("q", 0), *copies, row("other", 9, picture="bb"), row("unhashed", 9)).related("q", limit=3)

    assert pin_ids(found) == ["copy-00", "other", "unhashed"]
    assert [hit.pins for hit in found] == [40, 1, 1]


def test_searching_goes_on_until_the_limit_is_met() -> None:
    many = [row(f"copy-{i:04}", 2, picture="aa") for i in range(700)]
    others = [row(f"other-{i}", 50 + i, picture=f"b{i}") for i in range(5)]

    found = index_of(row("q", 0), *many, *others).related("q", limit=4)

    assert pin_ids(found) == ["copy-0000", "other-0", "other-1", "other-2"]
    assert not found.exhausted


@pytest.mark.parametrize(("limit", "exhausted"), [(1, False), (2, False), (3, True), (4, True)])
def test_the_answer_says_whether_it_is_everything(limit: int, exhausted: bool) -> None:
    found = index_of(row("q", 0), *(row(f"p{i}", i) for i in (1, 2, 3))).related("q", limit=limit)

    assert len(found) == min(limit, 3)
    assert found.exhausted == exhausted


def test_an_empty_index_answers_with_nothing_else() -> None:
    found = index_of(row("q", 0)).related("q")

    assert (len(found), found.exhausted) == (0, True)


def test_dead_rows_and_objects_are_not_related_pictures() -> None:
    found = index_of(row("q", 0), tombstone("dead", 0, 1, at_ms=0), row("object", 1, slot=1)).related("q")

    assert pin_ids(found) == []


def test_filters_restrict() -> None:
    rows = [
        replace(row("web", 1), domain="web", label="Hat"),
        replace(row("shop", 2), domain="catalog", label="Dress"),
        replace(row("old", 3), published_at_ms=NOW_MS - 48 * HOUR_MS),
    ]
    searched = index_of(row("q", 0), *rows)

    assert pin_ids(searched.related("q", filters=Filters(domain="catalog"))) == ["shop"]
    assert pin_ids(searched.related("q", filters=Filters(domain=["catalog", "camera"]))) == ["shop"]
    assert pin_ids(searched.related("q", filters=Filters(label={"Hat", "Shoe"}))) == ["web"]
    assert pin_ids(searched.related("q", filters=Filters(max_age_s=24 * 3600))) == ["web", "shop"]


def objects_index() -> VisualIndex:
    return index_of(
        replace(row("q", 0), object_count=2),
        replace(row("q", 0, slot=1), label="Hat"),
        replace(row("q", 100, slot=2), label="Shoe"),
        replace(row("hat", 9, slot=2), label="Hat"),
        replace(row("hat", 4, slot=3), label="Hat"),
        replace(row("dress", 1, slot=1), label="Dress"),
        row("whole", 0),
    )


def test_similar_objects_have_the_same_label_and_one_per_pin() -> None:
    found = objects_index().similar("q", 1)

    assert [(hit.pin_id, hit.slot, hit.distance) for hit in found] == [("hat", 3, 4)]


def test_labels_can_be_named_or_any() -> None:
    searched = objects_index()

    assert pin_ids(searched.similar("q", 1, filters=Filters(label=ANY_LABEL))) == ["dress", "hat"]
    assert pin_ids(searched.similar("q", 1, filters=Filters(label="Dress"))) == ["dress"]


def product(pin_id: str, distance: int, *, link: str = "https://shop.example/hat", label: str = "Hat") -> Row:
    return replace(row(pin_id, distance, slot=1), link=link, label=label, price=19.0)


def test_the_same_product_comes_first_by_its_picture_or_by_its_link() -> None:
    asked = [replace(row("q", 0), object_count=1), product("q", 0)]
    near, linked = NEAR_DUPLICATE_BITS + 1, SAME_PRODUCT_BITS
    others = [
        product("alike", near, link="https://shop.example/cap"),
        product("shot again", 3, link=""),
        product("linked", linked),
        product("shop front", linked + 1),
        product("a shoe", near, label="Shoe"),
    ]

    found = index_of(*asked, *others).similar("q", 1)

    assert [(hit.pin_id, hit.same_product) for hit in found] == [
        ("shot again", True),
        ("linked", True),
        ("alike", False),
        ("shop front", False),
    ]
    assert (found.hits[1].link, found.hits[1].price) == ("https://shop.example/hat", 19.0)


def test_a_linked_product_is_found_however_many_others_are_nearer() -> None:
    crowd = [product(f"p{i:03}", NEAR_DUPLICATE_BITS + 1, link="") for i in range(300)]
    searched = index_of(replace(row("q", 0), object_count=1), product("q", 0), *crowd, product("z", SAME_PRODUCT_BITS))

    found = searched.similar("q", 1, limit=2)

    assert pin_ids(found) == ["z", "p000"]


def test_a_code_is_searched_among_pictures_objects_or_both() -> None:
    searched = objects_index()

    assert pin_ids(searched.by_code(code(0), slots="whole")) == ["q", "whole"]
    assert pin_ids(searched.by_code(code(0), slots="objects")) == ["q", "dress", "hat"]
    assert pin_ids(searched.by_code(code(0))) == ["q", "whole", "dress", "hat"]


def test_a_scorer_is_asked_once_with_all_candidates_nearest_first() -> None:
    asked: list[list[str]] = []

    def scorer(hits: Sequence[Hit]) -> list[float]:
        asked.append(pin_ids(hits))
        return [hit.distance % 2 for hit in hits]

    order = Rerank(scorer=scorer, candidates=4)
    found = index_of(row("q", 0), *(row(f"p{i}", i) for i in range(1, 9))).related("q", limit=3, order=order)

    assert asked == [["p1", "p2", "p3", "p4"]]
    assert pin_ids(found) == ["p1", "p3", "p2"]
    assert [hit.relevance for hit in found] == [1, 1, 0]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), max_size=60),
    st.integers(1, 12),
)
def test_one_hit_per_picture_equals_collapsing_all_rows(made: list[tuple[int, int]], limit: int) -> None:
    rows = [row(f"p{i:02}", distance, picture=f"{distance}-{picture}") for i, (distance, picture) in enumerate(made)]

    found = index_of(*rows).by_code(code(0), limit=limit)

    expected: dict[str, list[Row]] = {}
    for one in sorted(rows, key=lambda one: (hamming(one.code, code(0)), one.key)):
        expected.setdefault(one.image_sha256, []).append(one)
    assert [(hit.pin_id, hit.pins) for hit in found] == [
        (group[0].pin_id, len(group)) for group in list(expected.values())[:limit]
    ]
    assert found.exhausted == (len(expected) <= limit)


class FailingStore(MemoryStore):
    def nearest(
        self, codes: Sequence[Code], *, where: Where, at_least: int, consistency: Consistency = "Bounded"
    ) -> list[Ranking]:
        raise IndexUnavailable("away")


def test_a_store_that_is_unavailable_raises() -> None:
    with pytest.raises(IndexUnavailable, match="away"):
        VisualIndex.over(FailingStore()).by_code(code(0))


async def test_calls_of_an_event_loop_run_at_once() -> None:
    visual = AsyncVisualIndex(index_of(row("q", 0), row("near", 3)))

    related, found, unknown = await asyncio.gather(
        visual.related("q", limit=1), visual.get("near"), visual.get("nobody"), return_exceptions=True
    )

    assert not isinstance(related, BaseException) and pin_ids(related) == ["near"]
    assert not isinstance(found, BaseException) and found.pin_id == "near"
    assert isinstance(unknown, PinUnknown)
    await visual.close()
