"""For random rows: answers equal a slow search, pages make up one answer, and a batch equals single searches."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from pinstream.errors import PinUnknown
from pinstream.search.blend import relevance
from pinstream.search.hits import Hit, SearchResult
from pinstream.search.index import VisualIndex
from pinstream.search.query import ANY_LABEL, CodeQuery, Filters, Freshness, Rerank
from pinstream.store.collection import Row, Slots, Where, tombstone
from pinstream.store.memory import MemoryStore
from tests.pinstream.search.oracle import Found, SlowQuery, crowd, pins, slow_search
from tests.pinstream.search.rows import HOUR_MS, NOW_MS, code, index_of

HALF_LIVES_S = (1.0, 600.0, 3_600.0, 1e9)
LIMITS = st.integers(1, 8)
ORDERS = st.one_of(
    st.none(),
    st.builds(Freshness, half_life_s=st.sampled_from(HALF_LIVES_S), weight=st.sampled_from((0.01, 0.25, 2.0))),
    st.just(Rerank(scorer=lambda hits: [hit.distance % 7 for hit in hits], candidates=9)),
)
FILTERS = st.builds(
    Filters,
    domain=st.sampled_from((None, "catalog")),
    label=st.sampled_from((None, "Hat", ANY_LABEL)),
    max_age_s=st.sampled_from((None, 5_000.0)),
)


def found(result: SearchResult) -> list[Found]:
    return [(hit.pin_id, hit.slot, hit.distance, hit.pins) for hit in result]


@settings(max_examples=60)
@given(pins(), LIMITS, st.sampled_from(get_args(Slots)))
def test_by_similarity_the_answer_equals_a_slow_search(rows: list[Row], limit: int, slots: Slots) -> None:
    result = index_of(*rows).by_code(code(0), slots=slots, limit=limit)

    every = slow_search(rows, [SlowQuery(Where(slots=slots))])
    assert found(result) == every[:limit]
    assert result.exhausted == (len(every) <= limit)


@settings(max_examples=60)
@given(pins(), LIMITS, st.sampled_from(HALF_LIVES_S), st.sampled_from((0.01, 0.25, 1.0, 2.0)))
def test_under_a_freshness_boost_the_answer_equals_a_slow_search(
    rows: list[Row], limit: int, half_life_s: float, weight: float
) -> None:
    boost = Freshness(half_life_s=half_life_s, weight=weight)

    result = index_of(*rows).by_code(code(0), slots="whole", limit=limit, order=boost)

    every = slow_search(rows, [SlowQuery(Where(slots="whole"))], freshness=boost)
    assert found(result) == every[:limit]
    assert not (result.exhausted and len(every) > limit)


def test_among_many_old_pins_the_few_that_are_young_enough_are_found() -> None:
    failed_seeds = []
    for seed in range(60):
        boost = Freshness(half_life_s=600, weight=(0.05, 0.25, 1.0)[seed % 3])
        rows = crowd(seed, size=200, half_life_s=boost.half_life_s)

        result = index_of(*rows).by_code(code(0), slots="whole", limit=3 + seed % 4, order=boost)

        every = slow_search(rows, [SlowQuery(Where(slots="whole"))], freshness=boost)
        if found(result) != every[: 3 + seed % 4]:
            failed_seeds.append(seed)

    assert not failed_seeds


@settings(max_examples=60)
@given(pins(), LIMITS, st.sampled_from((None, 600.0)))
def test_a_blend_equals_a_slow_search(rows: list[Row], limit: int, half_life_s: float | None) -> None:
    boost = None if half_life_s is None else Freshness(half_life_s=half_life_s)
    queries = [
        CodeQuery(code=code(3), slots="whole"),
        CodeQuery(code=code(60), slots="objects", weight=0.7),
        CodeQuery(code=code(20), slots="objects", weight=0.5, label="Hat"),
    ]

    result = index_of(*rows).blended(queries, limit=limit, order=boost)

    asked = [
        SlowQuery(
            Where(slots=each.slots, labels=frozenset({"Hat"}) if each.label else None),
            each.code,
            lambda distance, each=each: each.weight * relevance(distance, each.slots),  # type: ignore[misc]
        )
        for each in queries
    ]
    assert found(result) == slow_search(rows, asked, freshness=boost)[:limit]


@settings(max_examples=60)
@given(pins(), st.lists(LIMITS, min_size=1, max_size=30), ORDERS, FILTERS)
def test_pages_make_up_one_long_answer(
    rows: list[Row], limits: list[int], order: Freshness | Rerank | None, filters: Filters
) -> None:
    searched = index_of(*rows)
    pages = [searched.by_code(code(0), slots="objects", limit=limits[0], order=order, filters=filters)]
    for limit in limits[1:]:
        if pages[-1].cursor is None:
            break
        pages.append(
            searched.by_code(
                code(0), slots="objects", limit=limit, order=order, filters=filters, cursor=pages[-1].cursor
            )
        )

    together: list[Hit] = [hit for page in pages for hit in page]
    long = searched.by_code(code(0), slots="objects", limit=max(len(together), 1), order=order, filters=filters)
    assert together == list(long)
    assert pages[-1].exhausted == long.exhausted
    assert (pages[-1].cursor is None) == (long.cursor is None)


@settings(max_examples=60)
@given(pins(most=20), pins(most=20), st.data(), ORDERS)
def test_no_page_repeats_a_pin_or_picture_whatever_happens_meanwhile(
    rows: list[Row], more: list[Row], data: st.DataObject, order: Freshness | Rerank | None
) -> None:
    store = MemoryStore()
    store.upsert(rows)
    searched = VisualIndex.over(store, clock_ms=lambda: NOW_MS)
    seen_pins: list[str] = []
    seen_pictures: list[str] = []
    page = searched.by_code(code(0), limit=3, order=order)
    while True:
        seen_pins += [hit.pin_id for hit in page]
        seen_pictures += [hit.image_sha256 for hit in page if hit.image_sha256]
        if page.cursor is None:
            break
        for pin_id in data.draw(st.lists(st.sampled_from([row.pin_id for row in more]), max_size=6)) if more else []:
            dead = [tombstone(pin_id, slot, 2, at_ms=NOW_MS) for slot in range(4)]
            gone = data.draw(st.booleans())
            store.upsert(dead + [replace(row, version=2) for row in more if row.pin_id == pin_id and not gone])
        page = searched.by_code(code(0), limit=3, order=order, cursor=page.cursor)

    assert len(seen_pins) == len(set(seen_pins))
    assert len(seen_pictures) == len(set(seen_pictures))


@settings(max_examples=60)
@given(pins(), LIMITS, ORDERS, FILTERS)
def test_a_batch_answers_as_single_searches_do(
    rows: list[Row], limit: int, order: Freshness | Rerank | None, filters: Filters
) -> None:
    searched = index_of(*rows)
    ids = [row.pin_id for row in rows if row.slot == 0][:5]
    things = [(row.pin_id, row.slot) for row in rows if row.slot][:5]
    codes = [row.code for row in rows[:5]]

    related = searched.related_many([*ids, *ids], limit=limit, order=order, filters=filters)
    similar = searched.similar_many(things, limit=limit, order=order, filters=filters)
    by_code = searched.by_code_many(codes, limit=limit, order=order, filters=filters)

    assert related == {pin: searched.related(pin, limit=limit, order=order, filters=filters) for pin in ids}
    assert similar == {thing: searched.similar(*thing, limit=limit, order=order, filters=filters) for thing in things}
    assert by_code == [searched.by_code(one, limit=limit, order=order, filters=filters) for one in codes]


@settings(max_examples=60)
@given(pins(), LIMITS, st.integers(0, 12))
def test_the_newest_pins_are_those_published_last(rows: list[Row], limit: int, scale: int) -> None:
    spread = [
        replace(row, published_at_ms=NOW_MS - (NOW_MS - row.published_at_ms) * 3**scale % (400 * HOUR_MS))
        for row in rows
    ]

    newest = index_of(*spread).newest(limit=limit)

    wholes = sorted((row for row in spread if row.slot == 0), key=lambda row: (-row.published_at_ms, row.pin_id))
    assert [pin.pin_id for pin in newest] == [row.pin_id for row in wholes[:limit]]


@settings(max_examples=60)
@given(pins(most=12), st.data(), FILTERS)
def test_an_outdated_remembered_row_never_changes_an_answer(
    rows: list[Row], data: st.DataObject, filters: Filters
) -> None:
    store = MemoryStore()
    store.upsert(rows)
    asked = [row.pin_id for row in rows if row.slot == 0]
    things = [(row.pin_id, row.slot) for row in rows if row.slot]
    remembering = VisualIndex.over(store, clock_ms=lambda: NOW_MS)

    for _ in range(3):
        new = VisualIndex.over(store, clock_ms=lambda: NOW_MS)
        related, expected = (index.related_many(asked, filters=filters) for index in (remembering, new))
        assert comparable(related) == comparable(expected)
        similar, expected_similar = (index.similar_many(things, filters=filters) for index in (remembering, new))
        assert comparable(similar) == comparable(expected_similar)
        for row in data.draw(st.lists(st.sampled_from(rows), max_size=4)) if rows else []:
            version = store.get([row.key])[row.key].version + 1
            if data.draw(st.booleans()):
                store.upsert([tombstone(row.pin_id, slot, version, at_ms=NOW_MS) for slot in range(4)])
            else:
                bits = data.draw(st.sampled_from((0, 3, 50)))
                store.upsert(
                    [replace(one, version=version, code=code(bits)) for one in rows if one.pin_id == row.pin_id]
                )


def comparable(answers: Mapping[Any, SearchResult | PinUnknown]) -> dict[Any, object]:
    """Answers as they are, errors as text."""
    return {key: each if isinstance(each, SearchResult) else repr(each) for key, each in answers.items()}
