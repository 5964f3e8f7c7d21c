"""One Kafka record per event: key, value, CloudEvents headers in binary mode, and a W3C trace."""

import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pinstream.errors import EventInvalid
from pinstream.events import MAX_EVENT_BYTES, VERSION_HEADER, PinDeletion, PinEvent

SAVED_TYPE: Final = "pinstream.pin.saved.v1"
DELETED_TYPE: Final = "pinstream.pin.deleted.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRecord:
    """What Kafka stores of one event; a ``value`` of None is a tombstone."""

    topic: str
    pin_id: str
    version: int
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int

    @property
    def key(self) -> bytes:
        """The pin id: it decides the partition, and so the order of a pin's events."""
        return self.pin_id.encode()

    @property
    def size_bytes(self) -> int:
        """Key, value and headers together."""
        headers = sum(len(name) + len(value) for name, value in self.headers)
        return len(self.pin_id) + len(self.value or b"") + headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What all events of a publisher have in common: their topic, and its name as ``source`` (a URI reference)."""

    topic: str
    source: str

    def wrap(self, event: PinEvent | PinDeletion, *, at: datetime, traceparent: str | None = None) -> OutgoingRecord:
        """The record of ``event`` with the timestamp ``at``; in the given trace, else the caller's, else a new one.

        Raises EventInvalid, naming size and limit, if Kafka would not take it.
        """
        deletion = isinstance(event, PinDeletion)
        headers = {
            "ce_specversion": "1.0",
            "ce_id": f"{event.pin_id}/{event.version}",
            "ce_type": DELETED_TYPE if deletion else SAVED_TYPE,
            "ce_source": self.source,
            "ce_time": at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "traceparent": traceparent or current_traceparent() or new_traceparent(),
            **({VERSION_HEADER: str(event.version)} if deletion else {"content-type": "application/json"}),
        }
        record = OutgoingRecord(
            topic=self.topic,
            pin_id=event.pin_id,
            version=event.version,
            value=None if isinstance(event, PinDeletion) else event.encode(),
            headers=tuple((name, value.encode()) for name, value in headers.items()),
            timestamp_ms=int(at.timestamp() * 1000),
        )
        if record.size_bytes > MAX_EVENT_BYTES:
            raise EventInvalid(_largest_part(event), _too_large(record))
        return record


def current_traceparent() -> str | None:
    """The caller's OpenTelemetry span as a ``traceparent``; None outside a span, or where it is not imported."""
    opentelemetry = sys.modules.get("opentelemetry.trace")
    if opentelemetry is None:
        return None
    span = opentelemetry.get_current_span().get_span_context()
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}" if span.is_valid else None


def new_traceparent() -> str:
    """A fresh, sampled W3C trace: ``00-<trace id>-<span id>-01``."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def _largest_part(event: PinEvent | PinDeletion) -> str:
    return "$.image.inline" if isinstance(event, PinEvent) and event.image.inline else "$"


def _too_large(record: OutgoingRecord) -> str:
    return (
        f"the event of pin {record.pin_id!r} has {record.size_bytes:,} bytes with its key and headers; "
        f"at most {MAX_EVENT_BYTES:,} are taken: give 'url' instead"
    )
