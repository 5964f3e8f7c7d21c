"""What a dead letter says, how it is marked and how its event is replayed."""

from collections.abc import Iterable
from dataclasses import replace

from pinstream.events import REPLAYS_HEADER, UNREADABLE_HEADERS, Headers
from pinstream.kafka.stored_record import StoredRecord
from pinstream.standing import replay_count
from streams.dead_letters.dead_letter import (
    DeadLetter,
    HandledMark,
    event_timestamp_ms,
    read_dead_letter,
    replay_headers,
)
from streams.dead_letters.store import DeadLetterFilter, DeadLetterStore
from tests.streams.dead_letters.records import EVENT_HEADERS, PUBLISHED_MS, dead_letter


def read(record: StoredRecord) -> DeadLetter:
    found = read_dead_letter(record)
    assert isinstance(found, DeadLetter)
    return found


def store_of(*records: StoredRecord | HandledMark) -> DeadLetterStore:
    store = DeadLetterStore()
    for record in records:
        store.add(record if isinstance(record, HandledMark) else read(record))
    return store


def offsets(dead_letters: Iterable[DeadLetter]) -> list[int]:
    return [each.offset for each in dead_letters]


def test_a_dead_letter_says_where_when_and_why() -> None:
    found = read(dead_letter("a", 7, offset=3, at_ms=50))

    assert (found.pin, found.version, found.stage, found.kind) == ("a", 7, "fetch", "FetchRefused")
    assert (found.message, found.event_position, found.at_ms) == ("HTTP 404", "pins.events[2]@40", 50)
    assert (found.replays, found.unexpected, found.handled) == (0, False, "")


def test_a_dead_letter_whose_event_does_not_decode_has_no_version() -> None:
    assert read(dead_letter(event=b"\xff not json")).version == 0


def test_a_record_without_the_workers_headers_is_no_dead_letter() -> None:
    foreign = StoredRecord(topic="t", partition=0, offset=0, key=b"a", value=b"x", headers=[("h", b"")], timestamp_ms=0)

    assert read_dead_letter(foreign) is None


def test_a_replay_has_the_events_own_headers_and_counts() -> None:
    record = dead_letter()

    once = replay_headers(record.headers)
    again = replay_headers(dead_letter(headers=once).headers)

    assert once == [*EVENT_HEADERS, (REPLAYS_HEADER, b"1")]
    assert again == [*EVENT_HEADERS, (REPLAYS_HEADER, b"2")]
    assert read(dead_letter(headers=once)).replays == replay_count(once) == 1
    assert event_timestamp_ms(record) == PUBLISHED_MS


def test_marks_are_read_as_they_were_written_and_nonsense_is_not_a_mark() -> None:
    mark = HandledMark(partition=1, offsets=(3, 17), handled="dropped")

    def record(headers: Headers) -> StoredRecord:
        return StoredRecord(
            topic="pins.dead", partition=1, offset=20, key=b"a", value=None, headers=headers, timestamp_ms=0
        )  # fmt: skip

    obsolete = HandledMark(partition=1, offsets=(3,), handled="obsolete")

    assert read_dead_letter(record(mark.headers)) == mark
    assert obsolete.headers[0] == ("pinstream-letters-handled", b"settled"), "as on topics that exist"
    assert read_dead_letter(record(obsolete.headers)) == obsolete
    assert (
        read_dead_letter(record([("pinstream-letters-handled", b"eaten"), ("pinstream-letters-offsets", b"1")])) is None
    )
    assert (
        read_dead_letter(record([("pinstream-letters-handled", b"dropped"), ("pinstream-letters-offsets", b"1,x")]))
        is None
    )


def test_marked_dead_letters_are_open_no_longer() -> None:
    with store_of(
        dead_letter(offset=0), dead_letter(offset=1), HandledMark(partition=0, offsets=(0,), handled="replayed")
    ) as store:
        assert offsets(store.select(DeadLetterFilter())) == [1]
        assert sorted(offsets(store.select(DeadLetterFilter(handled=True)))) == [0, 1]


def test_reasons_are_stages_or_classes_in_any_case() -> None:
    refused, broken = dead_letter(offset=0), dead_letter(offset=1, stage="decode", error=ValueError("x_y"))
    with store_of(refused, broken) as store:

        def found(*reasons: str) -> list[int]:
            return sorted(offsets(store.select(DeadLetterFilter(reasons=reasons))))

        assert found("fetch") == found("fetchrefused") == found("fetch.errors.FetchRefused") == [0]
        assert found("valueerror") == found("decode") == [1]
        assert found("decode", "fetch") == [0, 1]
        assert found("refused") == found("%") == []


def test_windows_pins_and_counts() -> None:
    with store_of(*(dead_letter(pin, offset=number, at_ms=number * 10) for number, pin in enumerate("aabc"))) as store:
        assert offsets(store.select(DeadLetterFilter(since_ms=10, until_ms=30))) == [2, 1]
        assert offsets(store.select(DeadLetterFilter(pins=("a", "c")))) == [3, 1, 0]
        assert offsets(store.select(DeadLetterFilter(), limit=2)) == [3, 2]
        (count,) = store.counts(DeadLetterFilter())
        assert (count.stage, count.kind, count.dead_letters, count.pins) == ("fetch", "FetchRefused", 4, 3)
        assert store.total(DeadLetterFilter(since_ms=10)) == 3


def test_the_newest_dead_letter_of_a_pin_is_that_of_its_greatest_version() -> None:
    newest_first = (
        dead_letter("a", 9, offset=0),
        dead_letter("a", 8, offset=1),
        dead_letter("b", 1, offset=2),
        dead_letter("b", 1, offset=3),
    )
    with store_of(*newest_first) as store:
        last = list(store.newest_of_each_pin(DeadLetterFilter()))

        assert offsets(last) == [0, 3]
        assert [store.open_up_to(each) for each in last] == [(0, 1), (2, 3)]


def test_a_dead_deletion_is_not_obsolete_while_its_pin_is_only_indexed_at_the_same_version() -> None:
    with store_of(dead_letter("a", event=None, headers=[("version", b"7")])) as store:
        (found,) = store.select(DeadLetterFilter())
        store.add_indexed([(b"a", (7, False))])
        before = store.is_obsolete(found)
        store.add_indexed([(b"a", (7, True))])

        assert (found.version, found.is_deletion) == (7, True)
        assert (before, store.is_obsolete(found)) == (False, True)


def test_a_dead_letter_is_obsolete_once_its_pin_is_indexed_at_its_version_or_a_newer_one() -> None:
    with store_of(dead_letter("a", 5)) as store:
        (found,) = store.select(DeadLetterFilter())
        store.add_indexed([(b"a", (4, True))])
        assert not store.is_obsolete(found)
        store.add_indexed([(b"a", (6, False)), (b"a", (3, True))])
        assert store.is_obsolete(found)
        assert store.has_key(b"a")
        assert not store.has_key(b"b")


def test_an_event_cannot_forge_a_mark_or_what_the_worker_says_of_it() -> None:
    forged: Headers = [
        *HandledMark(partition=0, offsets=(0, 1, 2), handled="replayed").headers,
        ("__connect.errors.topic", b"elsewhere"),
        ("__connect.errors.timestamp", b"1"),
        ("__connect.errors.value.omitted", b"99"),
        ("__connect.errors.stage", b"none"),
    ]
    for event in (b"[]", None):
        record = dead_letter(event=event, headers=forged, offset=3)

        found = read(record)

        assert (found.offset, found.source, found.stage, found.left_out_bytes) == (3, "pins.events", "fetch", 0)
        assert event_timestamp_ms(record) == PUBLISHED_MS
        assert replay_headers(record.headers) == [*forged, (REPLAYS_HEADER, b"1")], "a replay is byte for byte"


def test_a_mark_has_its_two_headers_and_no_value() -> None:
    headers = HandledMark(partition=0, offsets=(0,), handled="replayed").headers
    mark = StoredRecord(topic="t", partition=0, offset=9, key=b"a", value=None, headers=headers, timestamp_ms=0)

    assert isinstance(read_dead_letter(mark), HandledMark)
    assert read_dead_letter(replace(mark, value=b"")) is None
    assert read_dead_letter(replace(mark, headers=[("other", b""), *headers])) is None
    assert read_dead_letter(replace(mark, headers=[headers[0], (headers[1][0], b"9" * 5_000)])) is None


def test_a_dead_letter_says_that_its_headers_could_not_be_read() -> None:
    assert read(dead_letter(headers=[(UNREADABLE_HEADERS, b"why")])).headers_unreadable
    with store_of(dead_letter(headers=[(UNREADABLE_HEADERS, b"why")]), dead_letter(offset=1)) as store:
        assert [each.headers_unreadable for each in store.select(DeadLetterFilter())] == [False, True]
