from pathlib import Path

from deploy.demo.result.examples import example_of, find_examples, not_in_index
from deploy.demo.result.tally import DemoPin
from pinstream.events import PinOutcome
from pinstream.search.index import VisualIndex
from pinstream.store.codes import CODE_BYTES
from pinstream.store.collection import Row
from pinstream.store.memory import MemoryStore


def row(pin_id: str, slot: int = 0, *, bits: int, label: str = "", objects: int = 0) -> Row:
    """A code that differs from zero in its first ``bits`` bits."""
    code = ((1 << bits) - 1).to_bytes(CODE_BYTES, "little")
    return Row(
        pin_id=pin_id,
        slot=slot,
        alive=True,
        code=code,
        version=1,
        object_count=objects,
        label=label,
        score=0.9 if slot else 0.0,
        box=(0.1, 0.1, 0.9, 0.9) if slot else (0.0, 0.0, 1.0, 1.0),
        image_sha256=pin_id * 8,
        published_at_ms=1_000,
        title=f"Title of {pin_id}",
    )


def outcome(pin_id: str, objects: int) -> PinOutcome:
    return PinOutcome(
        pin_id=pin_id,
        version=1,
        outcome="indexed",
        objects=objects,
        embedding_version=1,
        topic="pins.events",
        partition=0,
        offset=0,
        published_at_ms=1_000,
        finished_at_ms=1_050,
        visible_at_ms=1_061,
    )


def index(*more: Row) -> VisualIndex:
    store = MemoryStore()
    store.upsert(
        [
            row("query", bits=0, objects=1),
            row("query", 1, bits=100, label="shirt"),
            row("near", bits=40, objects=1),
            row("near", 1, bits=103, label="shirt"),
            row("far", bits=90, objects=1),
            row("far", 1, bits=101, label="shoes"),
            *more,
        ]
    )
    return VisualIndex.over(store, clock_ms=lambda: 4_000)


def demo_pin(pin_id: str) -> DemoPin:
    return DemoPin(pin_id=pin_id, title=pin_id, file=Path(f"{pin_id}.jpg"), url="http://127.0.0.1:1/x.jpg")


def test_example_holds_the_nearest_pins_and_the_nearest_objects_of_the_same_label() -> None:
    pins = {"query": demo_pin("query"), "near": demo_pin("near")}

    shown = example_of(index(), pins["query"], pins, outcome("query", 1))

    assert [(each.hit.pin_id, each.hit.distance, each.hit.age_s) for each in shown.related] == [
        ("near", 40, 3.0),
        ("far", 90, 3.0),
    ]
    assert [each.file for each in shown.related] == [Path("near.jpg"), None]
    (shirt,) = shown.objects
    assert (shirt.label, [(each.hit.pin_id, each.hit.distance) for each in shirt.similar]) == ("shirt", [("near", 3)])
    assert shown.freshness_ms == 61


def test_pins_with_most_to_see_come_first_and_no_more_than_asked_for() -> None:
    pins = {pin_id: demo_pin(pin_id) for pin_id in ("plain", "query")}
    store_index = index(row("plain", bits=200))

    both = find_examples(store_index, pins, {pin_id: outcome(pin_id, 1) for pin_id in pins}, limit=8)
    best = find_examples(store_index, pins, {pin_id: outcome(pin_id, 1) for pin_id in pins}, limit=1)

    assert [each.pin_id for each in both] == ["query", "plain"]
    assert [each.pin_id for each in best] == ["query"]


def test_only_the_pins_with_most_objects_are_tried() -> None:
    pins = {f"p{number}": demo_pin(f"p{number}") for number in range(30)}
    found = {pin_id: outcome(pin_id, number % 4) for number, pin_id in enumerate(pins)}
    indexed = index(*(row(pin_id, bits=128) for pin_id in pins))

    examples = find_examples(indexed, pins, found, limit=30)

    assert sorted(found[each.pin_id].objects for each in examples) == [0, 0] + [1] * 8 + [2] * 7 + [3] * 7


def test_pins_that_are_not_in_the_index_are_named() -> None:
    assert not_in_index(index(), ["query", "gone"]) == ["gone"]
