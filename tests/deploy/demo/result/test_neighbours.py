from pathlib import Path

from deploy.demo.result.neighbours import candidates, exhibit_of, unfindable
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


def index() -> VisualIndex:
    store = MemoryStore()
    store.upsert(
        [
            row("query", bits=0, objects=1),
            row("query", 1, bits=100, label="shirt"),
            row("near", bits=40, objects=1),
            row("near", 1, bits=103, label="shirt"),
            row("far", bits=90, objects=1),
            row("far", 1, bits=101, label="shoes"),
        ]
    )
    return VisualIndex.over(store, clock_ms=lambda: 4_000)


def demo_pin(pin_id: str) -> DemoPin:
    return DemoPin(pin_id=pin_id, title=pin_id, file=Path(f"{pin_id}.jpg"), url="http://127.0.0.1:1/x.jpg")


def test_exhibit_holds_the_nearest_pins_and_the_nearest_objects_of_the_same_label() -> None:
    pins = {"query": demo_pin("query"), "near": demo_pin("near")}

    shown = exhibit_of(index(), pins["query"], pins, outcome("query", 1))

    assert [(like.pin_id, like.distance, like.age_ms) for like in shown.related] == [
        ("near", 40, 3_000),
        ("far", 90, 3_000),
    ]
    assert [like.file for like in shown.related] == [Path("near.jpg"), None]
    (thing,) = shown.things
    assert (thing.label, [(like.pin_id, like.distance) for like in thing.similar]) == ("shirt", [("near", 3)])
    assert shown.freshness_ms == 61


def test_pins_with_most_objects_are_looked_at_first() -> None:
    outcomes = {"a": outcome("a", 0), "b": outcome("b", 3), "c": outcome("c", 1)}

    assert candidates(outcomes, ["a", "b", "c"]) == ["b", "c", "a"]


def test_pins_that_are_not_in_the_index_are_named() -> None:
    assert unfindable(index(), ["query", "gone"]) == ["gone"]
