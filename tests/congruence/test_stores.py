"""Every vector index answers as the exact one in memory does, after any sequence of operations.

Answers are compared whole, ties included: of equal distances the smaller key comes first, in every index.
"""

import itertools
import random
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from pinstream.errors import IndexRefused, QueryInvalid
from pinstream.search.hits import SearchResult
from pinstream.search.index import VisualIndex
from pinstream.search.query import CodeQuery, Filters, Freshness
from pinstream.store.codes import CODE_BYTES, Code
from pinstream.store.collection import Row, Where, row_key, tombstone
from pinstream.store.memory import MemoryStore
from pinstream.store.vector_store import Match, VectorStore
from tests.congruence.operations import NOW_MS, Operations

EVERY_KEY = [row_key(f"pin-{pin}", slot) for pin in range(31) for slot in range(5)]
CODE = bytes(range(CODE_BYTES))


def row(pin_id: str, slot: int = 0, *, alive: bool = True, version: int = 1, code: bytes = CODE) -> Row:
    return Row(pin_id=pin_id, slot=slot, alive=alive, version=version, code=code)


@pytest.mark.parametrize("seed", range(2))
def test_random_operations_leave_the_same_answers(store: VectorStore, seed: int) -> None:
    operations, exact = Operations(seed), MemoryStore()

    for _ in range(6):
        for _ in range(3):
            upsert, delete = operations.upsert(), operations.delete()
            for index in (store, exact):
                index.upsert(upsert.rows)
                index.delete(delete.keys)

        assert_same_answers(store, exact, operations)


def assert_same_answers(store: VectorStore, exact: VectorStore, operations: Operations) -> None:
    assert store.get(EVERY_KEY) == exact.get(EVERY_KEY)
    assert list(store.rows(batch_size=7)) == list(exact.rows())
    where = operations.where()
    assert store.count_between("", "~") == exact.count_between("", "~")
    assert {found.key: found for found in store.scan(where, limit=500, consistency="Strong")} == {
        found.key: found for found in exact.scan(where, limit=500)
    }
    for _ in range(3):
        asked = operations.search()
        codes = [asked.code, operations.code()]
        assert nearest(store, codes, asked.where, limit=asked.limit) == nearest(
            exact, codes, asked.where, limit=asked.limit
        )


def nearest(store: VectorStore, codes: Sequence[Code], where: Where, *, limit: int) -> list[list[Match]]:
    """The first rows of each ranking: beyond them, stores return what they have."""
    rankings = store.nearest(codes, where=where, at_least=limit, consistency="Strong")
    assert all(len(ranking.matches) >= limit or ranking.exhausted for ranking in rankings)
    return [ranking.matches[:limit] for ranking in rankings]


def test_rows_beyond_a_key_come_by_key_and_ranges_are_counted(store: VectorStore) -> None:
    store.upsert([*(row(f"pin-{i}", slot) for i in range(9) for slot in range(2)), dead("pin-a", 0)])

    keys = [found.key for found in store.rows(batch_size=4, after="pin-6#0")]

    assert keys == ["pin-6#1", "pin-7#0", "pin-7#1", "pin-8#0", "pin-8#1", "pin-a#0"]
    assert store.count_between("pin-6#1", "pin-a#0") == 6
    assert store.count_between("x", "y") == 0


@pytest.mark.parametrize("seed", range(2))
def test_products_answer_the_same_over_every_index(store: VectorStore, seed: int) -> None:
    operations, exact = Operations(seed + 100), MemoryStore()
    for _ in range(10):
        upsert = operations.upsert()
        store.upsert(upsert.rows)
        exact.upsert(upsert.rows)
    real, expected = (
        VisualIndex.over(index, clock_ms=lambda: NOW_MS + 100, consistency="Strong") for index in (store, exact)
    )
    answers = {}

    for limit in (1, 3, 10, 100):
        code, domain = operations.code(), random.Random(limit).choice([None, "web", ("camera", "catalog")])
        filters, order = Filters(domain=domain), Freshness(half_life_s=limit * 0.02)
        for ask in (real, expected):
            answers[ask, limit] = (
                ask.by_code(code, slots="objects", limit=limit, filters=filters),
                ask.by_code(code, slots="whole", limit=limit, filters=filters, order=order),
                ask.blended([CodeQuery(code=code, slots="whole"), CodeQuery(code=code, weight=0.5)], limit=limit),
                paged(ask, code, limit),
            )
        assert answers[real, limit] == answers[expected, limit]
    whole = [found.pin_id for found in exact.scan(Where(slots="whole"), limit=6)]
    things = [(found.pin_id, found.slot) for found in exact.scan(Where(slots="objects"), limit=6)]
    assert real.get_many(whole) == expected.get_many(whole)
    assert real.related_many(whole, limit=4) == expected.related_many(whole, limit=4)
    assert_alike(real.similar_many(things, limit=4), expected.similar_many(things, limit=4))
    assert real.newest(limit=7) == expected.newest(limit=7)


def paged(index: VisualIndex, code: bytes, limit: int) -> list[list[str]]:
    """Four pages, as the pins on them."""
    page = index.by_code(code, limit=limit)
    pages = [[hit.pin_id for hit in page]]
    while page.cursor is not None and len(pages) < 4:
        page = index.by_code(code, limit=limit, cursor=page.cursor)
        pages.append([hit.pin_id for hit in page])
    return pages


def assert_alike(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> None:
    """Equal answers, and errors of one kind that say the same."""
    assert {key: answer if isinstance(answer, SearchResult) else repr(answer) for key, answer in one.items()} == {
        key: answer if isinstance(answer, SearchResult) else repr(answer) for key, answer in other.items()
    }


def test_a_ranking_never_cuts_a_tie(store: VectorStore) -> None:
    store.upsert([row(f"equal-{i:02}") for i in range(60)] + [row("far", code=bytes(CODE_BYTES))])

    (some,) = store.nearest([CODE], where=Where(), at_least=5, consistency="Strong")
    (every,) = store.nearest([CODE], where=Where(), at_least=61, consistency="Strong")

    assert [match.row.pin_id for match in some.matches][:60] == [f"equal-{i:02}" for i in range(60)]
    assert [match.row.pin_id for match in every.matches][60:] == ["far"]


def test_an_exhausted_ranking_holds_every_accepted_row(store: VectorStore) -> None:
    store.upsert([row(f"pin-{i}") for i in range(9)])

    (ranking,) = store.nearest([CODE], where=Where(), at_least=10, consistency="Strong")

    assert ranking.exhausted
    assert len(ranking.matches) == 9


def test_equals_beyond_the_limit_lose_by_their_key(store: VectorStore) -> None:
    store.upsert([row(f"pin-{i:03}") for i in reversed(range(150))])

    (matches,) = nearest(store, [CODE], Where(), limit=3)

    assert [match.row.key for match in matches] == ["pin-000#0", "pin-001#0", "pin-002#0"]


def test_of_one_key_twice_in_a_batch_the_last_wins(store: VectorStore) -> None:
    store.upsert([row("pin", version=3), row("other"), row("pin", version=1), row("pin", version=2)])

    assert store.get(["pin#0"])["pin#0"].version == 2
    assert store.count_between("", "~") == 2


def test_a_replaced_pin_loses_the_objects_that_vanished(store: VectorStore) -> None:
    store.upsert([row("pin", slot) for slot in range(4)])

    store.upsert([row("pin", 0, version=2), row("pin", 1, version=2), *(dead("pin", slot) for slot in (2, 3))])

    (matches,) = nearest(store, [CODE], Where(), limit=10)
    assert [match.row.slot for match in matches] == [0, 1]
    assert [found.alive for found in store.get([row_key("pin", slot) for slot in range(4)]).values()].count(False) == 2


def dead(pin_id: str, slot: int) -> Row:
    return tombstone(pin_id, slot, 2, at_ms=NOW_MS)


def test_searches_see_a_pin_before_or_after_its_replacement_never_half(
    store: VectorStore, request: pytest.FixtureRequest
) -> None:
    may_vanish = request.node.callspec.params["store"] == "lite"  # for the moment of the upsert
    enough = threading.Event()

    def replace_often() -> None:
        for version in itertools.count(2):
            store.upsert(replacement(version))
            if enough.is_set():
                return

    store.upsert(replacement(1))
    assert len(store.scan(Where(), limit=10, consistency="Strong")) == 2
    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(replace_often)
        seen = [slots_and_versions(store) for _ in range(60)]
        deadline_s = time.monotonic() + 30
        while len({str(one) for one in seen}) < 10 and time.monotonic() < deadline_s:
            seen.append(slots_and_versions(store))
        enough.set()
        writing.result()

    assert len({str(one) for one in seen}) >= 10
    for one in seen:
        version = one[0][1] if one else 0
        assert one == [(slot, version) for slot in range(version % 3 + 1)] or (may_vanish and not one)


def replacement(version: int) -> list[Row]:
    """Version by version one, two or three objects, and tombstones for the rest."""
    gone = [tombstone("pin", slot, version, at_ms=NOW_MS) for slot in range(version % 3 + 1, 4)]
    return [row("pin", slot, version=version) for slot in range(version % 3 + 1)] + gone


def slots_and_versions(store: VectorStore) -> list[tuple[int, int]]:
    (ranking,) = store.nearest([CODE], where=Where(pins=frozenset({"pin"})), at_least=10)
    return [(match.row.slot, match.row.version) for match in ranking.matches]


def test_a_deleted_pin_keeps_its_version_and_no_search_finds_it(store: VectorStore) -> None:
    store.upsert([row("pin")])

    store.upsert([tombstone("pin", 0, 7, at_ms=NOW_MS)])

    assert nearest(store, [bytes(CODE_BYTES)], Where(), limit=5) == [[]]
    assert store.get(["pin#0"])["pin#0"].version == 7


def test_searches_carry_no_codes_and_reads_do(store: VectorStore) -> None:
    store.upsert([row("pin")])

    (matches,) = nearest(store, [CODE], Where(), limit=1)

    assert matches[0].row.code == b""
    assert replace(matches[0].row, code=CODE) == store.get(["pin#0"])["pin#0"]
    assert store.scan(Where(), limit=1, consistency="Strong")[0].code == CODE


def test_empty_calls_do_nothing(store: VectorStore) -> None:
    store.upsert([])
    store.delete([])

    assert store.get([]) == {}
    assert store.nearest([], where=Where(), at_least=1) == []
    assert list(store.rows()) == []


def test_more_rows_than_a_page_are_all_read(store: VectorStore) -> None:
    store.upsert([row(f"pin-{i}") for i in range(2_500)])

    assert len({found.key for found in store.rows(batch_size=400)}) == 2_500
    assert len(store.get([f"pin-{i}#0" for i in range(2_500)])) == 2_500


def test_limits_out_of_range_are_named(store: VectorStore) -> None:
    for limit in (0, -1, 16_385):
        with pytest.raises(QueryInvalid, match=f"limit = {limit}: from 1 to 16384"):
            store.nearest([CODE], where=Where(), at_least=limit)


def test_a_row_that_does_not_fit_is_refused_and_nothing_of_its_batch_is_written(store: VectorStore) -> None:
    with pytest.raises(IndexRefused, match="row pin#0: version = -1"):
        store.upsert([row("good"), row("pin", version=-1)])

    assert store.get(["good#0", "pin#0"]) == {}
