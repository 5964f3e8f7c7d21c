"""Of one pin, what is a finding, and what is accounted for."""

from collections.abc import Sequence
from dataclasses import replace

from index.audit.compare import LastOutcome, PinComparison, are_far_apart
from index.audit.findings import Kind
from pinstream.events import Result
from pinstream.standing import EventPosition
from pinstream.store.collection import Row, tombstone

CODE = bytes([7]) * 32
COMPARISON = PinComparison(embedding_version=1)


def pin(version: int, objects: int = 0) -> list[Row]:
    """All rows of a living pin."""
    return [
        Row(pin_id="a", slot=slot, alive=True, code=CODE, version=version, object_count=0 if slot else objects)
        for slot in range(objects + 1)
    ]


def tombstones(version: int, slots: int = 1) -> list[Row]:
    """The tombstones of a deleted pin."""
    return [tombstone("a", slot, version, at_ms=1) for slot in range(slots)]


def event(version: int) -> EventPosition:
    """The event of version 0 does not decode."""
    return EventPosition(
        topic="pins.events",
        partition=0,
        offset=version,
        version=version or None,
        is_deletion=False,
        published_at_ms=0,
    )


def deletion(version: int) -> EventPosition:
    return replace(event(version), is_deletion=True)


def outcome(result: Result, version: int, *, embedding_version: int = 1, offset: int = 100) -> LastOutcome:
    return LastOutcome(
        outcome=result,
        version=version or None,
        embedding_version=embedding_version,
        topic="pins.events",
        partition=0,
        offset=offset,
        finished_at_ms=1,
    )


def kinds(newest: EventPosition | None, rows: Sequence[Row], latest: LastOutcome | None = None) -> list[Kind]:
    return [finding.kind for finding in COMPARISON.findings("a", newest, latest, rows)]


def test_pins_that_both_sides_agree_on_have_no_finding() -> None:
    cases: list[tuple[EventPosition | None, list[Row]]] = [
        (event(5), pin(5)),
        (event(5), pin(5, objects=3)),
        (event(5), [*pin(5, objects=1), tombstone("a", 2, 5, at_ms=1)]),
        (event(5), pin(6, objects=1)),
        (event(5), tombstones(6)),
        (event(5), tombstones(5)),
        (deletion(5), tombstones(5, slots=3)),
        (deletion(5), []),
        (deletion(5), pin(6)),
        (event(0), []),
        (event(0), pin(3)),
        (None, tombstones(5)),
        (None, []),
    ]

    failures = [(newest, rows, found) for newest, rows in cases if (found := kinds(newest, rows))]

    assert not failures


def test_pins_that_they_do_not_agree_on_have_one_finding() -> None:
    cases: list[tuple[EventPosition | None, list[Row], Kind]] = [
        (event(5), [], "missing"),
        (event(5), pin(4, objects=2), "stale"),
        (event(5), tombstones(4), "stale"),
        (deletion(5), pin(5), "undeleted"),
        (deletion(5), pin(4, objects=2), "undeleted"),
        (deletion(5), [*tombstones(5), *pin(5, objects=2)[2:]], "undeleted"),
        (None, pin(5), "orphaned"),
        (event(5), pin(5, objects=3)[:-1], "half"),
        (event(5), [*pin(5, objects=1), *pin(5, objects=2)[2:]], "half"),
        (event(5), [*pin(5, objects=2)[:2], *pin(4, objects=2)[2:]], "half"),
        (event(5), pin(5, objects=2)[1:], "half"),
        (event(4), [*tombstones(5), *pin(4, objects=1)[1:]], "half"),
        (event(0), pin(3, objects=2)[:2], "half"),
        (event(5), [replace(row, code=bytes(32)) for row in pin(5)], "code"),
    ]

    failures = [(newest, rows, kind, found) for newest, rows, kind in cases if (found := kinds(newest, rows)) != [kind]]

    assert not failures


def test_dead_pins_are_accounted_for_by_version_or_offset() -> None:
    assert kinds(event(5), [], outcome("dead", 5)) == []
    assert kinds(event(5), pin(3), outcome("dead", 0, offset=5)) == []
    assert kinds(event(5), [], outcome("dead", 4)) == ["missing"]
    assert kinds(event(5), [], outcome("dead", 5, offset=4)) == ["missing"]  # published again since
    assert kinds(event(5), pin(3, objects=1)[:1], outcome("dead", 5)) == ["half"]


def test_a_deletion_that_only_its_outcome_shows_still_counts() -> None:
    assert kinds(event(5), [], outcome("deleted", 6)) == []
    assert kinds(event(5), pin(5), outcome("deleted", 6)) == ["undeleted"]
    assert kinds(None, pin(5), outcome("deleted", 6)) == ["undeleted"]
    assert kinds(event(7), [], outcome("deleted", 6)) == ["missing"]


def test_a_pin_of_another_embedding_version_is_not_missing() -> None:
    assert kinds(event(5), pin(4), outcome("indexed", 5, embedding_version=2)) == ["embedding"]
    assert kinds(event(5), [], outcome("indexed", 4, embedding_version=2)) == ["missing"]


def test_details_say_what_differs() -> None:
    (half,) = COMPARISON.findings("a", event(5), None, [*pin(5, objects=3)[:2], *pin(4, objects=4)[4:]])

    assert half.detail == "slots 2, 3 missing, slots 4 too many, slots 4 not of version 5"
    assert half.last_slot == 4


def test_codes_of_one_picture_may_differ_in_some_bits_and_not_in_many() -> None:
    assert not are_far_apart(CODE, bytes([6]) + CODE[1:])
    assert are_far_apart(CODE, bytes([0xF8]) * 32)
