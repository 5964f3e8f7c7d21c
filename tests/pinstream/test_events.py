"""What is an event and what is not, and that nothing in between gets past."""

import base64
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinstream.errors import EventInvalid
from pinstream.events import (
    MAX_VERSION,
    STAGES,
    PinDeletion,
    PinEvent,
    PinOutcome,
    decode_event,
    event_from,
    valid_pin_id,
)

FIELDS: dict[str, Any] = {
    "pin_id": "a-pin_1",
    "version": 7,
    "image": {"url": "https://example.org/a.jpg"},
    "domain": "web",
    "created_at": "2026-11-23T20:24:00Z",
}
pin_ids = st.text("abcXYZ019_-", min_size=1, max_size=64)
texts = st.text(st.characters(codec="utf-8"), max_size=500)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def encoded(**changes: Any) -> bytes:
    return json.dumps({**FIELDS, **changes}).encode()


def refusal(decode: Callable[[], object]) -> EventInvalid | None:
    try:
        decode()
    except EventInvalid as invalid:
        return invalid
    return None


def refused_paths(calls: Iterable[Callable[[], object]]) -> list[str | None]:
    return [None if (found := refusal(call)) is None else found.path for call in calls]


def wrong_path(**changes: Any) -> str | None:
    """The JSON path that an event with these changes is refused for; None where it is taken."""
    found = refusal(lambda: decode_event(b"a-pin_1", encoded(**changes)))
    return None if found is None else found.path


@st.composite
def events(draw: st.DrawFn) -> PinEvent:
    offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
    picture = st.binary(min_size=1, max_size=50).map(lambda data: {"inline": base64.b64encode(data).decode()})
    return event_from(
        {
            "pin_id": draw(pin_ids),
            "version": draw(st.integers(1, MAX_VERSION)),
            "image": draw(picture | st.just({"url": "http://example.org/ü?q=1"})),
            "domain": draw(st.sampled_from(["web", "camera", "catalog"])),
            "created_at": draw(st.datetimes(timezones=offsets)),
            "title": draw(st.none() | texts),
            "price": draw(st.none() | st.floats(0, 1e12)),
            "currency": draw(st.none() | st.text("ABCXYZ", min_size=3, max_size=3)),
            "labels": draw(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=64), max_size=32)),
        }
    )


@given(events())
def test_an_event_survives_the_wire(event: PinEvent) -> None:
    assert decode_event(event.pin_id.encode(), event.encode()) == event


@given(st.binary(max_size=200), st.binary(max_size=200) | st.none(), st.integers(-1, 10))
def test_any_bytes_are_an_event_or_named_invalid(key: bytes, value: bytes | None, timestamp_ms: int) -> None:
    try:
        decoded = decode_event(key, value, timestamp_ms=timestamp_ms)
    except EventInvalid as invalid:
        assert invalid.path
    else:
        assert decoded.pin_id.encode() == key


@given(st.sampled_from([*FIELDS, "title", "link", "price", "currency", "labels"]), json_values)
def test_any_json_value_in_any_field_is_taken_or_named(field: str, value: Any) -> None:
    try:
        decoded = decode_event(b"a-pin_1", encoded(**{field: value}))
    except EventInvalid as invalid:
        # NaN and integers of thousands of digits are not JSON at all, and then no field can be named.
        assert invalid.path.startswith((f"$.{field}", "key")) or invalid.path == "$"
    else:
        assert isinstance(decoded, PinEvent)
        assert decode_event(b"a-pin_1", decoded.encode()) == decoded


WRONG_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"version": 0}, "$.version"),
    ({"version": MAX_VERSION + 1}, "$.version"),
    ({"version": 1.0}, "$.version"),
    ({"version": "1"}, "$.version"),
    ({"version": True}, "$.version"),
    ({"pin_id": "other"}, "$.pin_id"),
    ({"pin_id": "a-pin_1\n"}, "$.pin_id"),
    ({"image": {}}, "$.image"),
    ({"image": {"url": "http://x", "inline": "QQ=="}}, "$.image"),
    ({"image": {"inline": "no base64"}}, "$.image.inline"),
    ({"image": {"inline": "QQ==\n"}}, "$.image.inline"),
    ({"image": {"url": "example.org/a.jpg"}}, "$.image.url"),
    ({"image": {"url": "ftp://example.org/a.jpg"}}, "$.image.url"),
    ({"image": {"url": "http://example.org/a b.jpg"}}, "$.image.url"),
    ({"image": "http://example.org/a.jpg"}, "$.image"),
    ({"domain": "pinboard"}, "$.domain"),
    ({"labels": ["fine", 1]}, "$.labels[1]"),
    ({"labels": "dress"}, "$.labels"),
    ({"labels": [""]}, "$.labels[0]"),
    ({"price": -1}, "$.price"),
    ({"price": "12"}, "$.price"),
    ({"currency": "eur"}, "$.currency"),
    ({"title": "x" * 501}, "$.title"),
]


def test_a_wrong_field_is_named_by_its_json_path() -> None:
    named = [(changes, wrong_path(**changes)) for changes, _ in WRONG_FIELDS]

    assert named == WRONG_FIELDS


def test_only_rfc_3339_is_a_time() -> None:
    others = [
        "1700000000",
        1700000000,
        "2026-11-23",
        "2026-11-23 20:24:00Z",
        "2026-11-23T20:24Z",
        "2026-11-23T20:24:00",
        "2026-11-23T20:24:00+0100",
        "2026-13-23T20:24:00Z",
        None,
    ]

    taken = [time for time in others if wrong_path(created_at=time) != "$.created_at"]

    assert not taken


def test_rfc_3339_with_fractions_and_offsets_is_a_time() -> None:
    for time in ("2026-11-23T20:24:00Z", "2026-11-23t20:24:00.123456789+05:30"):
        event = decode_event(b"a-pin_1", encoded(created_at=time))
        assert isinstance(event, PinEvent), time
        assert event.created_at.utcoffset() is not None, time


def test_a_message_shows_the_value_but_not_megabytes_of_it() -> None:
    message = str(refusal(lambda: decode_event(b"a-pin_1", encoded(domain="x" * 1_000_000))))

    assert "xxx" in message
    assert len(message) < 300


def test_unknown_fields_are_ignored_and_dropped() -> None:
    event = decode_event(b"a-pin_1", encoded(board="shoes", image={"url": "http://x", "width": 3}))

    assert isinstance(event, PinEvent)
    assert b"board" not in event.encode()
    assert b"width" not in event.encode()


def test_what_is_no_json_object_is_invalid_at_the_root() -> None:
    values = [b"", b"null", b"[]", b"\xff\xfe", b"{", b"[" * 100_000, b'{"version":' + b"9" * 9999]

    paths = refused_paths(partial(decode_event, b"a-pin_1", value) for value in values)

    assert paths == ["$"] * len(values)


def test_a_key_that_is_no_pin_id_is_invalid() -> None:
    keys = [None, b"", b"a b", "é".encode(), b"\xff", b"a" * 65, b"a\n"]

    paths = refused_paths(partial(decode_event, key, encoded()) for key in keys)

    assert paths == ["key"] * len(keys)


def test_valid_pin_id_refuses_what_no_key_may_be() -> None:
    texts = ["", "a b", "\ud800", "x" * 65]

    assert refused_paths(partial(valid_pin_id, text) for text in texts) == ["key"] * len(texts)


@given(st.integers(1, MAX_VERSION), st.integers(0, 2**60))
def test_a_tombstones_version_is_its_header_before_its_timestamp(version: int, timestamp_ms: int) -> None:
    headers = [("version", b"1"), ("other", b"3"), ("version", str(version).encode())]

    assert decode_event(b"a", None, headers=headers, timestamp_ms=timestamp_ms) == PinDeletion("a", version)


def test_a_tombstone_without_header_takes_the_timestamp() -> None:
    assert decode_event(b"a", None, timestamp_ms=1234) == PinDeletion("a", 1234)


def test_a_tombstone_that_could_delete_nothing_is_invalid() -> None:
    for timestamp_ms in (0, -1):
        with pytest.raises(EventInvalid, match="no timestamp"):
            decode_event(b"a", None, timestamp_ms=timestamp_ms)


def test_a_tombstones_version_must_be_an_int64() -> None:
    versions = [b"", b"0", b"-1", b"1.5", b"\xd9\xa1", b"9223372036854775808", b"9" * 5000]

    paths = refused_paths(
        partial(decode_event, b"a", None, headers=[("version", version)], timestamp_ms=5) for version in versions
    )

    assert paths == ["headers.version"] * len(versions)


def test_event_from_fills_in_the_clock() -> None:
    before_ms = int(datetime.now(UTC).timestamp() * 1000)

    event = event_from({"pin_id": "a", "image": {"url": "http://x"}, "domain": "web"})

    assert event.version >= before_ms
    assert event.created_at.tzinfo is not None


def test_event_from_drops_nothing_in_silence() -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"price": float("nan")}, "$.price"),
        ({"version": None}, "$.version"),
        ({"version": 10**30}, "$.version"),
        ({"created_at": datetime(2026, 1, 1)}, "$.created_at"),
        ({"title": "\ud800"}, "$"),
        ({"title": object()}, "$"),
    ]

    paths = refused_paths(partial(event_from, {**FIELDS, **changes}) for changes, _ in wrong)

    assert paths == [path for _, path in wrong]


def test_inline_bytes_are_the_picture() -> None:
    event = event_from({**FIELDS, "image": {"inline": base64.b64encode(b"picture").decode()}})

    assert event.image.inline_bytes() == b"picture"
    assert event_from(FIELDS).image.inline_bytes() is None


@given(
    st.builds(
        PinOutcome,
        pin_id=texts,
        version=st.none() | st.integers(1, MAX_VERSION),
        outcome=st.sampled_from(["indexed", "unchanged", "deleted", "superseded", "dead"]),
        embedding_version=st.integers(1, 9),
        topic=texts,
        partition=st.integers(0, 11),
        offset=st.integers(0, 2**63 - 1),
        published_at_ms=st.integers(0, 2**50),
        finished_at_ms=st.integers(0, 2**50),
        visible_at_ms=st.none() | st.integers(0, 2**50),
        stages_ms=st.dictionaries(st.sampled_from(STAGES), st.floats(0, 1e9)),
    )
)
def test_an_outcome_survives_the_wire(outcome: PinOutcome) -> None:
    assert PinOutcome.decode(outcome.encode()) == outcome


def test_freshness_is_known_only_where_a_search_found_the_pin() -> None:
    fields = {
        "pin_id": "a",
        "outcome": "indexed",
        "embedding_version": 1,
        "topic": "pins.events",
        "partition": 0,
        "offset": 3,
        "published_at_ms": 1000,
        "finished_at_ms": 1050,
    }

    assert PinOutcome.decode(json.dumps(fields).encode()).freshness_ms is None
    assert PinOutcome.decode(json.dumps({**fields, "visible_at_ms": 1060}).encode()).freshness_ms == 60


def test_an_outcome_that_is_none_names_its_path() -> None:
    with pytest.raises(EventInvalid) as caught:
        PinOutcome.decode(b'{"pin_id": "a", "outcome": "lost"}')

    assert caught.value.path == "$.outcome"
