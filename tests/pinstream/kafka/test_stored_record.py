"""Whatever a record holds is read, and asked of Kafka's client once."""

import pytest

from pinstream.errors import EventInvalid
from pinstream.events import UNREADABLE_HEADERS, decode_event
from pinstream.kafka.stored_record import record_fields, stored_record
from tests.pinstream.broken_message import BrokenMessage


def test_headers_that_cannot_be_read_leave_the_rest_of_the_record_and_are_asked_for_once() -> None:
    message = BrokenMessage()

    record = stored_record(message)

    assert (record.topic, record.partition, record.offset) == ("pins.events", 2, 17)
    assert (record.key, record.value, record.timestamp_ms) == (b"a", b"{}", 1_700)
    ((name, reason),) = record.headers
    assert name == UNREADABLE_HEADERS
    assert b"not UTF-8" in (reason or b"")
    assert message.asked == 1


def test_a_client_that_names_the_cause_itself_is_understood_too() -> None:
    message = BrokenMessage(error=UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"))

    ((_, reason),) = record_fields(message)["headers"]

    assert b"invalid start byte" in (reason or b"")


@pytest.mark.parametrize("value", [b"{}", None])
def test_an_event_whose_headers_cannot_be_read_is_invalid(value: bytes | None) -> None:
    headers = record_fields(BrokenMessage())["headers"]

    with pytest.raises(EventInvalid, match="headers: cannot be read: a header's name is not UTF-8"):
        decode_event(b"a", value, headers=headers, timestamp_ms=1)
