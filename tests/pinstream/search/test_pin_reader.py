"""Pins read by their ids: which rows are theirs, why there are none, and how often the store is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from pinstream.errors import IndexEmpty, ObjectUnknown, PinDeleted, PinUnknown
from pinstream.search.index import VisualIndex
from pinstream.store.codes import Code
from pinstream.store.collection import Row, Where, tombstone
from pinstream.store.memory import MemoryStore
from pinstream.store.vector_store import Consistency, Ranking
from tests.pinstream.search.rows import NOW_MS, code, index_of, pin_ids, row


def test_many_pins_are_read_at_once_and_missing_ones_have_their_errors() -> None:
    objects = [row("many", 0, slot=slot) for slot in range(1, 20)]
    whole = replace(row("many", 0), object_count=19)

    found = index_of(row("a", 0), whole, *objects, tombstone("gone", 0, 2, at_ms=NOW_MS)).get_many(
        ["a", "many", "gone", "never"]
    )

    assert isinstance(found["gone"], PinDeleted)
    assert type(found["never"]) is PinUnknown
    assert [len(found[pin].objects) for pin in ("a", "many")] == [0, 19]  # type: ignore[union-attr]


def test_get_shows_a_pin_with_its_living_objects() -> None:
    rows = [replace(row("pin", 0), object_count=20, tags=("sun",)), *(row("pin", i, slot=i) for i in range(1, 21))]

    found = index_of(*rows, tombstone("pin", 21, 1, at_ms=0)).get("pin")

    assert [thing.slot for thing in found.objects] == list(range(1, 21))
    assert (found.tags, found.age_s) == (("sun",), 3600)


def test_unknown_pins_deleted_pins_and_unknown_objects_have_their_own_errors() -> None:
    searched = index_of(row("pin", 0), tombstone("gone", 0, 7, at_ms=0))

    with pytest.raises(PinUnknown, match="'nobody' is not in the index"):
        searched.related("nobody")
    with pytest.raises(PinDeleted, match=r"'gone' was deleted \(version 7\)"):
        searched.get("gone")
    with pytest.raises(ObjectUnknown, match="'pin' has no object 3: there are 0"):
        searched.similar("pin", 3)


def test_an_index_without_pins_has_its_own_error() -> None:
    empty, deleted = index_of(), index_of(tombstone("gone", 0, 7, at_ms=0))

    with pytest.raises(IndexEmpty, match="no pins at all"):
        empty.related("nobody")
    with pytest.raises(PinDeleted):
        deleted.related("gone")
    assert (empty.by_code(code(0)).exhausted, empty.newest()) == (True, ())
    assert isinstance(empty.related_many(["a", "b"])["b"], IndexEmpty)


def test_objects_of_another_version_are_not_the_pins() -> None:
    whole = replace(row("pin", 0), object_count=2, version=2)

    found = index_of(whole, replace(row("pin", 1, slot=1), version=2), row("pin", 2, slot=2)).get("pin")

    assert [thing.slot for thing in found.objects] == [1]


class LateStore(MemoryStore):
    """Shows nothing at Bounded, as a server does in the first tick after a write."""

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> Mapping[str, Row]:
        return super().get(keys) if consistency == "Strong" else {}


def test_a_pin_indexed_just_now_has_related_pins_already() -> None:
    store = LateStore()
    store.upsert([row("q", 0), row("near", 1)])

    assert pin_ids(VisualIndex.over(store).related("q")) == ["near"]


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

    first, again = pin_ids(searched.related("q")), pin_ids(searched.related("q"))
    reads = store.reads
    store.upsert([replace(row("q", 90), version=2)])

    assert first == again == ["near", "far"]
    assert reads == 1
    assert pin_ids(searched.related("q")) == ["far", "near"]
    assert store.reads == 2


def test_many_pins_are_read_once_and_searched_once() -> None:
    calls: list[int] = []

    class OneCall(CountingStore):
        def nearest(
            self, codes: Sequence[Code], *, where: Where, at_least: int, consistency: Consistency = "Bounded"
        ) -> list[Ranking]:
            calls.append(len(codes))
            return super().nearest(codes, where=where, at_least=at_least, consistency=consistency)

    store = OneCall()
    store.upsert([row(f"p{i:02}", i) for i in range(40)])

    found = VisualIndex.over(store).related_many([*(f"p{i:02}" for i in range(20)), "nobody"], limit=5)

    assert (calls, store.reads) == ([20], 2)  # "nobody" is read again at Strong: it may have been indexed just now
    assert [type(found[pin]).__name__ for pin in ("p00", "nobody")] == ["SearchResult", "PinUnknown"]
