"""What a dead letter says, and how it is marked and taken back."""

from pinstream.events import REPLAYS_HEADER
from pinstream.kafka.stored_record import StoredRecord
from streams.dead_letters.dead_letter import (
    DeadLetter,
    HandledMark,
    read_dead_letter,
    replayed_headers,
    replays,
    source_timestamp_ms,
)
from streams.dead_letters.store import DeadLetterFilter, DeadLetterStore
from tests.streams.dead_letters.written import EVENT_HEADERS, PUBLISHED_MS, letter


def read(record: StoredRecord) -> DeadLetter:
    found = read_dead_letter(record)
    assert isinstance(found, DeadLetter)
    return found


def box_of(*records: StoredRecord | HandledMark) -> DeadLetterStore:
    box = DeadLetterStore()
    for record in records:
        box.add(record if isinstance(record, HandledMark) else read(record))
    return box


def offsets(letters: object) -> list[int]:
    return [each.offset for each in letters]  # type: ignore[attr-defined]


def test_a_letter_says_where_when_and_why() -> None:
    found = read(letter("a", 7, offset=3, at_ms=50))

    assert (found.pin, found.version, found.stage, found.kind) == ("a", 7, "fetch", "FetchRefused")
    assert (found.message, found.place, found.at_ms) == ("HTTP 404", "pins.events[2]@40", 50)
    assert (found.replays, found.unexpected, found.handled) == (0, False, "")


def test_a_letter_whose_event_does_not_decode_has_no_version() -> None:
    assert read(letter(event=b"\xff not json")).version == 0


def test_what_nobody_here_wrote_is_no_letter() -> None:
    foreign = StoredRecord(topic="t", partition=0, offset=0, key=b"a", value=b"x", headers=[("h", b"")], timestamp_ms=0)

    assert read_dead_letter(foreign) is None


def test_a_replay_has_the_events_own_headers_and_counts() -> None:
    record = letter()

    once = replayed_headers(record.headers)
    again = replayed_headers(letter(headers=once).headers)

    assert once == [*EVENT_HEADERS, (REPLAYS_HEADER, b"1")]
    assert again == [*EVENT_HEADERS, (REPLAYS_HEADER, b"2")]
    assert read(letter(headers=once)).replays == replays(once) == 1
    assert source_timestamp_ms(record) == PUBLISHED_MS


def test_marks_are_read_as_they_were_written_and_nonsense_is_not_a_mark() -> None:
    mark = HandledMark(partition=1, offsets=(3, 17), handled="dropped")

    def record(headers: object) -> StoredRecord:
        return StoredRecord(
            topic="pins.dead", partition=1, offset=20, key=b"a", value=None, headers=headers, timestamp_ms=0  # type: ignore[arg-type]
        )  # fmt: skip

    assert read_dead_letter(record(mark.headers)) == mark
    assert (
        read_dead_letter(record([("pinstream-letters-handled", b"eaten"), ("pinstream-letters-offsets", b"1")])) is None
    )
    assert (
        read_dead_letter(record([("pinstream-letters-handled", b"dropped"), ("pinstream-letters-offsets", b"1,x")]))
        is None
    )


def test_marked_letters_are_open_no_longer() -> None:
    with box_of(letter(offset=0), letter(offset=1), HandledMark(partition=0, offsets=(0,), handled="replayed")) as box:
        assert offsets(box.letters(DeadLetterFilter())) == [1]
        assert sorted(offsets(box.letters(DeadLetterFilter(handled=True)))) == [0, 1]


def test_reasons_are_stages_or_classes_in_any_case() -> None:
    refused, broken = letter(offset=0), letter(offset=1, stage="decode", error=ValueError("x_y"))
    with box_of(refused, broken) as box:

        def found(*reasons: str) -> list[int]:
            return sorted(offsets(box.letters(DeadLetterFilter(reasons=reasons))))

        assert found("fetch") == found("fetchrefused") == found("fetch.fetcher.FetchRefused") == [0]
        assert found("valueerror") == found("decode") == [1]
        assert found("decode", "fetch") == [0, 1]
        assert found("refused") == found("%") == []


def test_windows_pins_and_counts() -> None:
    with box_of(*(letter(pin, offset=number, at_ms=number * 10) for number, pin in enumerate("aabc"))) as box:
        assert offsets(box.letters(DeadLetterFilter(since_ms=10, until_ms=30))) == [2, 1]
        assert offsets(box.letters(DeadLetterFilter(pins=("a", "c")))) == [3, 1, 0]
        assert offsets(box.letters(DeadLetterFilter(), limit=2)) == [3, 2]
        (count,) = box.counts(DeadLetterFilter())
        assert (count.stage, count.kind, count.letters, count.pins) == ("fetch", "FetchRefused", 4, 3)
        assert box.total(DeadLetterFilter(since_ms=10)) == 3


def test_the_last_letter_of_a_pin_is_that_of_its_greatest_version() -> None:
    newest_first = (
        letter("a", 9, offset=0),
        letter("a", 8, offset=1),
        letter("b", 1, offset=2),
        letter("b", 1, offset=3),
    )
    with box_of(*newest_first) as box:
        last = list(box.last_of_each_pin(DeadLetterFilter()))

        assert offsets(last) == [0, 3]
        assert [box.open_before(each) for each in last] == [(0, 1), (2, 3)]


def test_a_pin_is_settled_at_the_letters_version_or_a_newer_one() -> None:
    with box_of(letter("a", 5)) as box:
        (found,) = box.letters(DeadLetterFilter())
        box.settle([(b"a", 4)])
        assert not box.settled(found)
        box.settle([(b"a", 6), (b"a", 3)])
        assert box.settled(found)
        assert box.has(b"a")
        assert not box.has(b"b")
