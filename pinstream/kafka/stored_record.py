"""Records as Kafka holds them, byte by byte: what can be published again as it was."""

from dataclasses import dataclass
from typing import Any

from confluent_kafka import Message

from pinstream.events import Headers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRecord:
    """One record and where it lies."""

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


def stored(message: Message) -> StoredRecord:
    """The record in a message that is no error."""
    return StoredRecord(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        key=bytes_of(message.key()),
        value=bytes_of(message.value()),
        headers=headers_of(message),
        timestamp_ms=timestamp_ms_of(message),
    )


def headers_of(message: Message) -> Headers:
    """All headers, repeated ones too, in order."""
    found: Any = message.headers() or ()
    return [(name, bytes_of(value)) for name, value in found]


def timestamp_ms_of(message: Message) -> int:
    """When it was written, as its producer or the broker says; 0 where neither does."""
    kind, timestamp_ms = message.timestamp()
    return timestamp_ms if kind else 0


def bytes_of(content: str | bytes | None) -> bytes | None:
    """A key, value or header as Kafka holds it."""
    return content.encode() if isinstance(content, str) else content
