"""Records as Kafka holds them, byte for byte, so that they can be published again unchanged."""

from dataclasses import dataclass
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final, TypedDict

from pinstream.events import UNREADABLE_HEADERS, Headers

if TYPE_CHECKING:  # who only handles records need not load Kafka's client
    from confluent_kafka import Message


_ask_for_headers: Final = methodcaller("headers")
_MAX_REASON_CHARS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """One record, with its topic, partition and offset."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int
    """0 where it has none."""

    @property
    def size_bytes(self) -> int:
        """Key, value and headers together."""
        headers = sum(len(name) + len(value or b"") for name, value in self.headers)
        return len(self.key or b"") + len(self.value or b"") + headers


class RecordFields(TypedDict):
    """The fields of a `StoredRecord`."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


def stored_record(message: "Message") -> StoredRecord:
    """The record in a message that is no error."""
    return StoredRecord(**record_fields(message))


def record_fields(message: "Message") -> RecordFields:
    """The message's fields. Only this function knows how confluent_kafka represents a record."""
    kind, timestamp_ms = message.timestamp()
    return RecordFields(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=_bytes(message.key()),
        value=_bytes(message.value()),
        headers=_headers(message),
        timestamp_ms=timestamp_ms if kind else 0,
    )


def _headers(message: "Message") -> Headers:
    """The headers, or `UNREADABLE_HEADERS` with the reason where a name is not UTF-8.

    confluent-kafka 2.16 returns a list with holes for such a name, with an exception set: to touch the list ends the
    process with a segmentation fault, and so it does to ask the message again. A plain call finds the exception only
    sometimes (an interpreter that has specialised the call raises it somewhere behind it); `methodcaller` always does,
    since it calls through the C interface, which checks every result.
    """
    try:
        headers: Any = _ask_for_headers(message) or ()
    except (SystemError, UnicodeDecodeError) as exc:
        return unreadable_headers(exc.__cause__ or exc)
    return [(name, _bytes(value)) for name, value in headers]


def unreadable_headers(reason: BaseException) -> Headers:
    """What stands for headers that a client cannot read."""
    text = f"a header's name is not UTF-8: {reason}"[:_MAX_REASON_CHARS]
    return [(UNREADABLE_HEADERS, text.encode("utf-8", "replace"))]


def _bytes(content: str | bytes | None) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
