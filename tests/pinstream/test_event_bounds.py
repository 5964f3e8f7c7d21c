"""What an event of a stranger may cost: its parts are counted before it is parsed, and one error is enough."""

import base64
import tracemalloc
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from pinstream.errors import EventInvalid
from pinstream.events import MAX_EVENT_VALUES, PinEvent, PinOutcome, decode_event

EVENT = (
    b'{"pin_id":"a","version":1,"image":{"url":"http://example.org/a.jpg"},"domain":"web",'
    b'"created_at":"2026-11-23T20:24:00Z",'
)
OUTCOME = (
    b'{"pin_id":"a","outcome":"indexed","embedding_version":1,"topic":"pins.events","partition":0,"offset":1,'
    b'"published_at_ms":1,"finished_at_ms":1,'
)
MANY = MAX_EVENT_VALUES * 10
MOST = MAX_EVENT_VALUES - 20
"""As many as an event may have beside its other fields."""
LONG = b"x" * 1_000_000


def decode_pin(value: bytes) -> object:
    return decode_event(b"a", value)


def refusal(decode: Callable[[bytes], object], value: bytes) -> EventInvalid:
    with pytest.raises(EventInvalid) as caught:
        decode(value)
    return caught.value


def listed(item: bytes, count: int) -> bytes:
    return b"[" + b",".join([item] * count) + b"]"


def keyed(count: int) -> bytes:
    return b",".join(b'"k%d":1' % number for number in range(count))


TOO_MANY = {
    "labels": EVENT + b'"labels":' + listed(b"1", MANY) + b"}",
    "good labels": EVENT + b'"labels":' + listed(b'"a"', MANY) + b"}",
    "an unknown list": EVENT + b'"later":' + listed(b"[]", MANY) + b"}",
    "unknown keys": EVENT + keyed(MANY) + b"}",
    "a key again and again": EVENT + b",".join([b'"version":"x"'] * MANY) + b"}",
    "no object": listed(b"1", MANY),
    "objects": EVENT + b'"title":' + listed(b"{}", MANY) + b"}",
    "depth": EVENT + b'"later":' + b"[" * MANY + b"]" * MANY + b"}",
}


@pytest.mark.parametrize("value", TOO_MANY.values(), ids=TOO_MANY.keys())
@pytest.mark.parametrize("decode", [decode_pin, PinOutcome.decode])
def test_too_many_values_are_refused_before_they_are_parsed(decode: Callable[[bytes], object], value: bytes) -> None:
    tracemalloc.start()
    try:
        found = refusal(decode, value)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found.path == "$"
    assert str(MAX_EVENT_VALUES) in found.reason
    assert found.__cause__ is None, "pydantic has seen it"
    assert peak_bytes < len(value) / 10


@pytest.mark.parametrize(
    ("decode", "value", "path"),
    [
        (decode_pin, EVENT + b'"labels":' + listed(b"1", MOST) + b"}", "$.labels[0]"),
        (decode_pin, EVENT + b'"labels":' + listed(b'""', MOST) + b"}", "$.labels[0]"),
        (decode_pin, EVENT + b'"labels":["a",' + listed(b"[1]", MOST // 4)[1:] + b"}", "$.labels[1]"),
        (decode_pin, EVENT + b'"title":' + listed(b"1", MOST) + b"}", "$.title"),
        (decode_pin, EVENT + b",".join([b'"version":"x"'] * MOST) + b"}", "$.version"),
        (decode_pin, EVENT + b'"image":{' + keyed(MOST) + b"}}", "$.image"),
        (PinOutcome.decode, OUTCOME + b'"stages_ms":{' + keyed(MOST) + b"}}", "$.stages_ms"),
        (PinOutcome.decode, OUTCOME + b'"reason":' + listed(b"1", MOST) + b"}", "$.reason"),
    ],
)
def test_a_wrong_field_is_one_error_however_long_it_is(
    decode: Callable[[bytes], object], value: bytes, path: str
) -> None:
    found = refusal(decode, value)

    assert found.path == path
    assert isinstance(found.__cause__, ValidationError)
    assert found.__cause__.error_count() == 1


@pytest.mark.parametrize(
    "value",
    [
        EVENT + b'"title":"' + LONG + b'"}',
        EVENT + b'"title":"' + b"\\u0001" * 500_000 + b'"}',
        EVENT + b'"title":["' + "\U0010ffff".encode() * 500_000 + b'"]}',
        EVENT + b'"title":{"' + LONG + b'":"' + LONG + b'"}}',
        EVENT + b'"title":' + b"[" * 150 + b"]" * 150 + b"}",
        EVENT + b'"price":-' + b"9" * 4_000 + b"}",
        EVENT + b'"price":' + b"9" * 1_000_000 + b"}",
        EVENT + b'"later":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        EVENT.replace(b'"web"', b'"' + LONG + b'"') + b'"title":null}',
        LONG,
    ],
)
def test_the_message_about_a_large_value_is_short(value: bytes) -> None:
    assert len(str(refusal(decode_pin, value))) < 300


def test_the_message_about_a_large_key_is_short() -> None:
    found = refusal(PinOutcome.decode, OUTCOME + b'"stages_ms":{"' + LONG + b'":1}}')

    assert found.path.startswith("$.stages_ms.xxx")
    assert len(str(found)) < 500


def test_what_later_contracts_may_add_is_still_ignored() -> None:
    found = decode_pin(EVENT + b'"vector":' + listed(b"0.25", 4_096) + b',"later":{"a":[1,{"b":null}]}}')

    assert isinstance(found, PinEvent)


def test_commas_of_an_inline_picture_and_of_all_texts_fit() -> None:
    texts = (
        b'"title":"' + b"," * 500 + b'","link":"' + b"," * 2_048 + b'","labels":' + listed(b'"' + b"," * 64 + b'"', 32)
    )

    assert isinstance(decode_pin(EVENT + texts + b"}"), PinEvent)


@pytest.mark.parametrize("text", ["QQ==", "QUI=", "QUJD", "ab+/", "QUJD" * 100_000 + "QQ=="])
def test_base64_of_whole_groups_is_taken(text: str) -> None:
    assert event_with_inline(text).image.inline_bytes() == base64.b64decode(text)


@pytest.mark.parametrize(
    "text",
    [
        "Q",
        "QQ",
        "QQ=",
        "QQ===",
        "Q===",
        "====",
        "=",
        "QUJD=",
        "QQ==QQ==",
        "=QQ=",
        "Q=Q=",
        "Q Q=",
        "QQ=\\n",
        "Q-_=",
        "ä===",
    ],
)
def test_other_base64_is_refused(text: str) -> None:
    found = refusal(lambda value: event_with_inline(value.decode()), text.encode())

    assert found.path == "$.image.inline"


def inline_event(text: str) -> bytes:
    return EVENT.replace(b'{"url":"http://example.org/a.jpg"}', b'{"inline":"' + text.encode() + b'"}')[:-1] + b"}"


def event_with_inline(text: str) -> PinEvent:
    found = decode_pin(inline_event(text))
    assert isinstance(found, PinEvent)
    return found
