"""What Kafka told of a pin, and what of that is news."""

import pytest

from api.feed.journal import Journal, News, RecordPosition, place_of
from pinstream.events import PinOutcome
from pinstream.standing import EventPosition
from tests.api.fakes import NOW_MS, event, outcome


@pytest.mark.parametrize(
    ("told", "state"),
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
def test_a_missing_pin_has_a_state(told: list[EventPosition | PinOutcome], state: str) -> None:
    journal = Journal(pins=10)

    for each in told:
        if isinstance(each, EventPosition):
            journal.add_event("p", each)
        else:
            journal.add_outcome(each)

    assert journal.why_missing("p")[0] == state


def test_only_what_changes_an_answer_is_news_and_only_once() -> None:
    heard: list[News] = []
    journal = Journal(pins=10, hear=heard.append)

    for each in (
        outcome("a"),
        outcome("a", visible_at_ms=NOW_MS + 9),
        outcome("a", "unchanged", offset=1),
        outcome("b", "dead"),
        outcome("a", offset=2, version=2),
        outcome("a", "deleted", offset=3, version=3),
    ):
        journal.add_outcome(each)

    assert [(news.kind, news.pin_id, news.version) for news in heard] == [
        ("pin", "a", 1),
        ("pin", "a", 2),
        ("gone", "a", 3),
    ]
    assert heard[0].event_id == f"{NOW_MS}-a"


def test_what_is_read_again_is_no_news() -> None:
    heard: list[News] = []
    journal = Journal(pins=10, hear=heard.append)
    told = [outcome("a"), outcome("a", offset=1, version=2), outcome("a", "deleted", offset=2, version=3)]

    for each in (*told, *told):
        journal.add_outcome(each)

    assert len(heard) == 3
    assert journal.why_missing("a")[0] == "deleted"


def test_pins_heard_of_longest_ago_are_forgotten() -> None:
    journal = Journal(pins=2)

    for pin in ("a", "b", "c"):
        journal.add_outcome(outcome(pin, "dead", offset=4))

    assert [journal.why_missing(pin)[0] for pin in ("a", "b", "c")] == ["unknown", "dead", "dead"]
    settled = journal.known("c").outcome
    assert settled is not None
    assert place_of(settled) == RecordPosition("pins.events", 0, 4)


def test_the_version_in_the_index_is_found_though_a_later_one_died() -> None:
    journal = Journal(pins=10)

    for offset, result in enumerate(("indexed", "dead"), start=7):
        journal.add_event("p", event(offset, offset))
        journal.add_outcome(outcome("p", result, offset=offset, version=offset))

    known = journal.known("p")
    assert (known.place_of(7), known.place_of(8), known.place_of(9)) == tuple(
        RecordPosition("pins.events", 0, offset) for offset in (7, 8, 8)
    )
