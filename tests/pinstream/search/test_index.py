"""The products over the exact index: who is found, in which order, under which filters, and what is said otherwise."""

import asyncio
import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinstream.errors import IndexEmpty, IndexUnavailable, ObjectUnknown, PinDeleted, PinUnknown, QueryInvalid
from pinstream.search.cursor import MAX_PAGED
from pinstream.search.hits import NEAR_DUPLICATE_BITS, SAME_PRODUCT_BITS, Hit
from pinstream.search.index import AsyncVisualIndex, VisualIndex
from pinstream.search.query import ANY_LABEL, MAX_HITS, CodeQuery, Filters, Freshness, Rerank
from pinstream.store.codes import CODE_BITS, CODE_BYTES, Code, hamming
from pinstream.store.collection import Row, Where, tombstone
from pinstream.store.memory import MemoryStore
from pinstream.store.vector_store import Consistency, Ranking

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


def code(distance: int) -> Code:
    """The code that differs from ``code(0)`` in its first ``distance`` bits."""
    return ((1 << CODE_BITS) - (1 << (CODE_BITS - distance))).to_bytes(CODE_BYTES, "big")


def row(pin_id: str, distance: int, *, slot: int = 0, picture: str = "") -> Row:
    return Row(
        pin_id=pin_id,
        slot=slot,
        alive=True,
        code=code(distance),
        version=1,
        image_sha256=picture,
        published_at_ms=NOW_MS - HOUR_MS,
    )


def index(*rows: Row) -> VisualIndex:
    store = MemoryStore()
    store.upsert(rows)
    return VisualIndex.over(store, clock_ms=lambda: NOW_MS)


def pins(found: Sequence[object] | object) -> list[str]:
    return [hit.pin_id for hit in found]  # type: ignore[attr-defined]


def test_nearest_come_first_and_the_pin_itself_never() -> None:
    found = index(row("q", 0), row("far", 90), row("near", 3), row("twin", 0)).related("q")

    assert pins(found) == ["twin", "near", "far"]
    assert [hit.distance for hit in found] == [0, 3, 90]
    assert [hit.near_duplicate for hit in found] == [True, True, False]


def test_many_pins_are_read_at_once_and_who_is_missing_has_its_error() -> None:
    objects = [row("many", 0, slot=slot) for slot in range(1, 20)]
    whole = replace(row("many", 0), object_count=19)

    found = index(row("a", 0), whole, *objects, tombstone("gone", 0, 2, at_ms=NOW_MS)).get_many(
        ["a", "many", "gone", "never"]
    )

    assert isinstance(found["gone"], PinDeleted)
    assert type(found["never"]) is PinUnknown
    assert [len(found[pin].objects) for pin in ("a", "many")] == [0, 19]  # type: ignore[union-attr]


def test_pins_named_are_left_out_and_others_with_their_picture_are_not() -> None:
    rows = (row("own", 0, picture="aa"), row("twin", 0, picture="aa"), row("far", 90))

    assert pins(index(*rows).by_code(code(0), filters=Filters(but="own"))) == ["twin", "far"]
    assert pins(index(*rows, row("q", 0)).related("q", filters=Filters(but=("own", "far")))) == ["twin"]
    with pytest.raises(QueryInvalid, match="but"):
        index(*rows).by_code(code(0), filters=Filters(but=()))


def test_near_duplicates_end_at_the_stated_distance() -> None:
    found = index(row("q", 0), row("in", NEAR_DUPLICATE_BITS), row("out", NEAR_DUPLICATE_BITS + 1)).related("q")

    assert [hit.near_duplicate for hit in found] == [True, False]


def test_equal_distances_are_ordered_by_pin() -> None:
    found = index(row("q", 0), row("c", 5), row("a", 5), row("b", 5)).related("q", limit=2)

    assert pins(found) == ["a", "b"]


def test_a_hit_says_how_near_and_how_old_it_is() -> None:
    (hit,) = index(row("q", 0), replace(row("hit", 64), box=(0.1, 0.2, 0.3, 0.4), price=9.5, title="Hat")).related("q")

    assert hit.similarity == 0.5
    assert hit.age_s == 3600
    assert (hit.box, hit.price, hit.title) == ((0.1, 0.2, 0.3, 0.4), 9.5, "Hat")


def test_the_same_picture_is_one_hit_with_the_number_of_its_pins() -> None:
    copies = [row(f"copy-{i:02}", 2, picture="aa") for i in range(40)]

    found = index(row("q", 0), *copies, row("other", 9, picture="bb"), row("unhashed", 9)).related("q", limit=3)

    assert pins(found) == ["copy-00", "other", "unhashed"]
    assert [hit.pins for hit in found] == [40, 1, 1]


def test_searching_goes_on_until_the_limit_is_met() -> None:
    many = [row(f"copy-{i:04}", 2, picture="aa") for i in range(700)]
    others = [row(f"other-{i}", 50 + i, picture=f"b{i}") for i in range(5)]

    found = index(row("q", 0), *many, *others).related("q", limit=4)

    assert pins(found) == ["copy-0000", "other-0", "other-1", "other-2"]
    assert not found.exhausted


@pytest.mark.parametrize(("limit", "exhausted"), [(1, False), (2, False), (3, True), (4, True)])
def test_the_answer_says_whether_it_is_everything(limit: int, exhausted: bool) -> None:
    found = index(row("q", 0), *(row(f"p{i}", i) for i in (1, 2, 3))).related("q", limit=limit)

    assert len(found) == min(limit, 3)
    assert found.exhausted == exhausted


def test_an_empty_index_answers_with_nothing_else() -> None:
    found = index(row("q", 0)).related("q")

    assert (len(found), found.exhausted) == (0, True)


def test_dead_rows_and_objects_are_not_related_pictures() -> None:
    found = index(row("q", 0), tombstone("dead", 0, 1, at_ms=0), row("object", 1, slot=1)).related("q")

    assert pins(found) == []


def test_filters_restrict() -> None:
    rows = [
        replace(row("web", 1), domain="web", label="Hat"),
        replace(row("shop", 2), domain="catalog", label="Dress"),
        replace(row("old", 3), published_at_ms=NOW_MS - 48 * HOUR_MS),
    ]
    searched = index(row("q", 0), *rows)

    assert pins(searched.related("q", filters=Filters(domain="catalog"))) == ["shop"]
    assert pins(searched.related("q", filters=Filters(domain=["catalog", "camera"]))) == ["shop"]
    assert pins(searched.related("q", filters=Filters(label={"Hat", "Shoe"}))) == ["web"]
    assert pins(searched.related("q", filters=Filters(max_age_s=24 * 3600))) == ["web", "shop"]


def objects_index() -> VisualIndex:
    return index(
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


def test_the_label_gate_opens_and_can_name_others() -> None:
    searched = objects_index()

    assert pins(searched.similar("q", 1, filters=Filters(label=ANY_LABEL))) == ["dress", "hat"]
    assert pins(searched.similar("q", 1, filters=Filters(label="Dress"))) == ["dress"]


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

    found = index(*asked, *others).similar("q", 1)

    assert [(hit.pin_id, hit.same_product) for hit in found] == [
        ("shot again", True),
        ("linked", True),
        ("alike", False),
        ("shop front", False),
    ]
    assert (found.hits[1].link, found.hits[1].price) == ("https://shop.example/hat", 19.0)


def test_a_linked_product_is_found_however_many_others_are_nearer() -> None:
    crowd = [product(f"p{i:03}", NEAR_DUPLICATE_BITS + 1, link="") for i in range(300)]
    searched = index(replace(row("q", 0), object_count=1), product("q", 0), *crowd, product("z", SAME_PRODUCT_BITS))

    found = searched.similar("q", 1, limit=2)

    assert pins(found) == ["z", "p000"]


def test_a_code_is_searched_among_pictures_objects_or_both() -> None:
    searched = objects_index()

    assert pins(searched.by_code(code(0), slots="whole")) == ["q", "whole"]
    assert pins(searched.by_code(code(0), slots="objects")) == ["q", "dress", "hat"]
    assert pins(searched.by_code(code(0))) == ["q", "whole", "dress", "hat"]


def test_get_shows_a_pin_with_its_living_objects() -> None:
    rows = [replace(row("pin", 0), object_count=20, tags=("sun",)), *(row("pin", i, slot=i) for i in range(1, 21))]

    found = index(*rows, tombstone("pin", 21, 1, at_ms=0)).get("pin")

    assert [thing.slot for thing in found.objects] == list(range(1, 21))
    assert (found.tags, found.age_s) == (("sun",), 3600)


def test_an_unknown_pin_a_deleted_pin_and_an_unknown_object_are_told_apart() -> None:
    searched = index(row("pin", 0), tombstone("gone", 0, 7, at_ms=0))

    with pytest.raises(PinUnknown, match="'nobody' is not in the index"):
        searched.related("nobody")
    with pytest.raises(PinDeleted, match=r"'gone' was deleted \(version 7\)"):
        searched.get("gone")
    with pytest.raises(ObjectUnknown, match="'pin' has no object 3: there are 0"):
        searched.similar("pin", 3)


def test_an_index_without_any_pin_says_so() -> None:
    empty, deleted = index(), index(tombstone("gone", 0, 7, at_ms=0))

    with pytest.raises(IndexEmpty, match="no pins at all"):
        empty.related("nobody")
    with pytest.raises(PinDeleted):
        deleted.related("gone")
    assert (empty.by_code(code(0)).exhausted, empty.newest()) == (True, ())
    assert isinstance(empty.related_many(["a", "b"])["b"], IndexEmpty)


def test_objects_of_another_version_are_not_the_pins() -> None:
    whole = replace(row("pin", 0), object_count=2, version=2)

    found = index(whole, replace(row("pin", 1, slot=1), version=2), row("pin", 2, slot=2)).get("pin")

    assert [thing.slot for thing in found.objects] == [1]


class LateStore(MemoryStore):
    """Shows nothing at Bounded, as a server does in the first tick after a write."""

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> Mapping[str, Row]:
        return super().get(keys) if consistency == "Strong" else {}


def test_a_pin_indexed_just_now_has_related_pins_already() -> None:
    store = LateStore()
    store.upsert([row("q", 0), row("near", 1)])

    assert pins(VisualIndex.over(store).related("q")) == ["near"]


def test_arguments_out_of_range_are_named_with_what_is_allowed() -> None:
    searched = index(row("pin", 0))

    for call, message in (
        (lambda: searched.related("pin", limit=0), f"limit = 0: 1 to {MAX_HITS} are allowed"),
        (lambda: searched.related("pin", limit=MAX_HITS + 1), "limit = 1001"),
        (
            lambda: searched.related("pin", filters=Filters(domain="shop")),
            "domain = 'shop': web, camera, catalog are allowed",
        ),
        (lambda: searched.related("pin", filters=Filters(domain=[])), "give at least one name"),
        (lambda: searched.related("pin", filters=Filters(label="")), "give at least one name"),
        (lambda: searched.related("pin", filters=Filters(label="a\nb")), "printable characters are allowed"),
        (lambda: searched.related("pin", filters=Filters(label="\udcff")), "printable characters are allowed"),
        (lambda: searched.related("pin", filters=Filters(max_age_s=-1)), r"max_age_s = -1"),
        (lambda: searched.related("pin", filters=Filters(max_age_s=float("nan"))), "max_age_s = nan"),
        (
            lambda: searched.related("pin", filters=Filters(max_age_s=1e307)),
            r"max_age_s = 1e\+307: 0 to 1e\+12 seconds",
        ),
        (lambda: searched.related('p" or true'), "pin_id = "),
        (lambda: searched.similar("pin", 0), r"slot = 0: .* use related\(\)"),
        (lambda: searched.by_code(b"short"), "a code has 32 bytes"),
        (lambda: searched.by_code(code(0), slots="all"), "slots = 'all': any, whole, objects"),  # type: ignore[arg-type]
    ):
        with pytest.raises(QueryInvalid, match=message):
            call()


def test_orders_out_of_range_are_named_with_what_is_allowed() -> None:
    searched = index(row("pin", 0), row("other", 1))

    for order, message in (
        (Freshness(half_life_s=0), "half_life_s = 0: seconds, above 0"),
        (Freshness(half_life_s=float("nan")), "half_life_s = nan"),
        (Freshness(half_life_s=1, weight=3), "weight = 3: above 0 and up to 2"),
        (Rerank(scorer=len, candidates=0), "candidates = 0: 1 to 1000"),  # type: ignore[arg-type]
        (Rerank(scorer=lambda hits: []), "scorer: 1 finite scores were expected, it gave 0"),
        (Rerank(scorer=lambda hits: [float("nan")]), "1 finite scores were expected, it gave 1: \\[nan"),
    ):
        with pytest.raises(QueryInvalid, match=message):
            searched.related("pin", order=order)
    for query, message in (
        ([], "give at least one code"),
        ([CodeQuery(code=b"short")], "a code has 32 bytes"),
        ([CodeQuery(code=code(0), weight=0)], "weight = 0: above 0 and up to 1"),
    ):
        with pytest.raises(QueryInvalid, match=message):
            searched.blended(query)


def test_a_cursor_that_is_none_or_another_questions_is_refused() -> None:
    searched = index(*(row(f"p{i}", i) for i in range(9)))
    cursor = searched.related("p0", limit=2).cursor
    assert cursor is not None

    late = base64.urlsafe_b64encode(base64.urlsafe_b64decode(cursor + "==")[:5] + b"\xff" * 8).decode().rstrip("=")
    for other in ("", "!", "AAAA", cursor[:-3], cursor + "AAAA", "é", late):
        with pytest.raises(QueryInvalid, match=r"cursor = .*give back the one that came with an answer"):
            searched.related("p0", cursor=other)
    for ask in (
        lambda: searched.related("p1", cursor=cursor),
        lambda: searched.related("p0", cursor=cursor, filters=Filters(domain="web")),
        lambda: searched.related("p0", cursor=cursor, order=Freshness(half_life_s=1)),
    ):
        with pytest.raises(QueryInvalid, match="it belongs to another query; only the limit may change"):
            ask()


def test_a_cursor_reaches_as_deep_as_stated() -> None:
    searched = index(*(row(f"p{i:03}", i % 200) for i in range(MAX_PAGED + 20)))

    first = searched.by_code(code(0), limit=MAX_PAGED)
    deeper = searched.by_code(code(0), limit=MAX_PAGED + 1)
    second = searched.by_code(code(0), limit=10, cursor=first.cursor)

    assert (first.exhausted, deeper.exhausted, deeper.cursor) == (False, False, None)
    assert len(first.cursor or "") < 8_000
    assert not set(pins(first)) & set(pins(second))
    assert (len(second), second.exhausted, second.cursor) == (10, False, None)


def test_a_scorer_is_asked_once_with_all_candidates_nearest_first() -> None:
    asked: list[list[str]] = []

    def scorer(hits: Sequence[Hit]) -> list[float]:
        asked.append(pins(hits))
        return [hit.distance % 2 for hit in hits]

    order = Rerank(scorer=scorer, candidates=4)
    found = index(row("q", 0), *(row(f"p{i}", i) for i in range(1, 9))).related("q", limit=3, order=order)

    assert asked == [["p1", "p2", "p3", "p4"]]
    assert pins(found) == ["p1", "p3", "p2"]
    assert [hit.relevance for hit in found] == [1, 1, 0]


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), max_size=60),
    st.integers(1, 12),
)
def test_the_answer_is_what_collapsing_everything_gives(made: list[tuple[int, int]], limit: int) -> None:
    rows = [row(f"p{i:02}", distance, picture=f"{distance}-{picture}") for i, (distance, picture) in enumerate(made)]

    found = index(*rows).by_code(code(0), limit=limit)

    expected: dict[str, list[Row]] = {}
    for one in sorted(rows, key=lambda one: (hamming(one.code, code(0)), one.key)):
        expected.setdefault(one.image_sha256, []).append(one)
    assert [(hit.pin_id, hit.pins) for hit in found] == [
        (group[0].pin_id, len(group)) for group in list(expected.values())[:limit]
    ]
    assert found.exhausted == (len(expected) <= limit)


class CountingStore(MemoryStore):
    """Counts the reads by key."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> Mapping[str, Row]:
        self.reads += 1
        return super().get(keys, consistency=consistency)


def test_a_pin_asked_about_again_is_not_read_again_until_it_changes() -> None:
    store = CountingStore()
    store.upsert([row("q", 0), row("near", 3), row("far", 90)])
    searched = VisualIndex.over(store)

    first, again = pins(searched.related("q")), pins(searched.related("q"))
    reads = store.reads
    store.upsert([replace(row("q", 90), version=2)])

    assert first == again == ["near", "far"]
    assert reads == 1
    assert pins(searched.related("q")) == ["far", "near"]
    assert store.reads == 2


def test_many_pins_are_read_once_and_searched_once() -> None:
    calls: list[int] = []

    class OneCall(CountingStore):
        def nearest_with_ties(
            self, codes: Sequence[Code], *, where: Where, at_least: int, consistency: Consistency = "Bounded"
        ) -> list[Ranking]:
            calls.append(len(codes))
            return super().nearest_with_ties(codes, where=where, at_least=at_least, consistency=consistency)

    store = OneCall()
    store.upsert([row(f"p{i:02}", i) for i in range(40)])

    found = VisualIndex.over(store).related_many([*(f"p{i:02}" for i in range(20)), "nobody"], limit=5)

    assert (calls, store.reads) == ([20], 2)  # the second read: whoever was not there may have come just now
    assert [type(found[pin]).__name__ for pin in ("p00", "nobody")] == ["SearchResult", "PinUnknown"]


class FailingStore(MemoryStore):
    def nearest_with_ties(
        self, codes: Sequence[Code], *, where: Where, at_least: int, consistency: Consistency = "Bounded"
    ) -> list[Ranking]:
        raise IndexUnavailable("away")


def test_an_index_that_is_away_is_said_to_be() -> None:
    with pytest.raises(IndexUnavailable, match="away"):
        VisualIndex.over(FailingStore()).by_code(code(0))


async def test_services_ask_many_questions_at_once() -> None:
    visual = AsyncVisualIndex(index(row("q", 0), row("near", 3)))

    related, found, unknown = await asyncio.gather(
        visual.related("q", limit=1), visual.get("near"), visual.get("nobody"), return_exceptions=True
    )

    assert pins(related) == ["near"]
    assert not isinstance(found, BaseException) and found.pin_id == "near"
    assert isinstance(unknown, PinUnknown)
    await visual.close()
