"""Why a pin is missing, and which records are changes to report."""

import pytest

from api.feed.recent_pins import PinChange, RecentPins, RecordPosition, position_of
from pinstream.events import PinOutcome
from pinstream.standing import EventPosition
from tests.api.fakes import NOW_MS, event, outcome


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([], "unknown"),
        ([event(1)], "not-indexed-yet"),
        ([event(1), outcome("p", "dead", offset=1)], "dead"),
        ([outcome("p", "dead", offset=1)], "dead"),
        ([outcome("p", "dead", offset=1), event(2)], "not-indexed-yet"),
        ([event(2), outcome("p", "dead", offset=1)], "not-indexed-yet"),
        ([event(2), outcome("p", "deleted", offset=2)], "deleted"),
        ([outcome("p", "deleted", offset=9), event(3, 2, topic="pins.events.backfill")], "not-indexed-yet"),
        ([outcome("p", "indexed", offset=9)], "not-indexed-yet"),
        ([outcome("p", "superseded", offset=9)], "unknown"),
        ([event(9, 8), event(10, 7), outcome("p", "superseded", offset=10, version=7)], "not-indexed-yet"),
        (
            [
                event(5, 7, is_deletion=True),
                outcome("p", "indexed", offset=5, version=7, topic="pins.events.backfill"),
            ],
            "not-indexed-yet",
        ),
    ],
)
def test_a_missing_pin_has_a_state(records: list[EventPosition | PinOutcome], state: str) -> None:
    recent_pins = RecentPins(capacity=10)

    for each in records:
        if isinstance(each, EventPosition):
            recent_pins.add_event("p", each)
        else:
            recent_pins.add_outcome(each)

    assert recent_pins.explain_missing("p")[0] == state


def test_a_change_is_reported_once() -> None:
    changes: list[PinChange] = []
    recent_pins = RecentPins(capacity=10, on_change=changes.append)

    for each in (
        outcome("a"),
        outcome("a", visible_at_ms=NOW_MS + 9),
        outcome("a", "unchanged", offset=1),
        outcome("b", "dead"),
        outcome("a", offset=2, version=2),
        outcome("a", "deleted", offset=3, version=3),
    ):
        recent_pins.add_outcome(each)

    assert [(change.kind, change.pin_id, change.version) for change in changes] == [
        ("pin", "a", 1),
        ("pin", "a", 2),
        ("gone", "a", 3),
    ]
    assert changes[0].event_id == f"{NOW_MS}-a"


def test_records_that_are_read_again_are_no_change() -> None:
    changes: list[PinChange] = []
    recent_pins = RecentPins(capacity=10, on_change=changes.append)
    records = [outcome("a"), outcome("a", offset=1, version=2), outcome("a", "deleted", offset=2, version=3)]

    for each in (*records, *records):
        recent_pins.add_outcome(each)

    assert len(changes) == 3
    assert recent_pins.explain_missing("a")[0] == "deleted"


def test_the_pins_seen_longest_ago_are_forgotten() -> None:
    recent_pins = RecentPins(capacity=2)

    for pin in ("a", "b", "c"):
        recent_pins.add_outcome(outcome(pin, "dead", offset=4))

    assert [recent_pins.explain_missing(pin)[0] for pin in ("a", "b", "c")] == ["unknown", "dead", "dead"]
    latest = recent_pins.get("c").outcome
    assert latest is not None
    assert position_of(latest) == RecordPosition("pins.events", 0, 4)


def test_the_version_in_the_index_is_found_though_a_later_one_died() -> None:
    recent_pins = RecentPins(capacity=10)

    for offset, result in enumerate(("indexed", "dead"), start=7):
        recent_pins.add_event("p", event(offset, offset))
        recent_pins.add_outcome(outcome("p", result, offset=offset, version=offset))

    pin = recent_pins.get("p")
    assert (pin.position_of_version(7), pin.position_of_version(8), pin.position_of_version(9)) == tuple(
        RecordPosition("pins.events", 0, offset) for offset in (7, 8, 8)
    )
