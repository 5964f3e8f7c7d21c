"""Dead letters for tests, as the worker writes them."""

import json
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Producer

from fetch.errors import FetchRefused
from pinstream.events import Headers
from pinstream.kafka.stored_record import StoredRecord
from streams.worker.finish.dead_letters import error_headers
from streams.worker.record import ConsumedRecord

EVENT_HEADERS: Headers = (("traceparent", b"00-x"), ("traceparent", b"twice"), ("empty", None))
PUBLISHED_MS = 1_700_000_000_000


def event_value(pin_id: str, version: int) -> bytes:
    """A valid event with an address."""
    return json.dumps(
        {
            "pin_id": pin_id, "version": version, "image": {"url": "https://pictures/a.jpg"},
            "domain": "web", "created_at": "2026-11-23T20:00:00Z",
        }
    ).encode()  # fmt: skip


def dead_letter_headers(
    event: bytes | None,
    *,
    pin_id: str = "a",
    stage: str = "fetch",
    error: Exception | None = None,
    topic: str = "pins.events",
    headers: Headers = EVENT_HEADERS,
    source: tuple[int, int] = (2, 40),
) -> Headers:
    """The headers of a dead letter as the worker writes them."""
    record = ConsumedRecord(
        lane="live", topic=topic, partition=source[0], offset=source[1], key=pin_id.encode(), value=event,
        headers=headers, timestamp_ms=PUBLISHED_MS,
    )  # fmt: skip
    return [*headers, *error_headers(record, stage=stage, error=error or FetchRefused("HTTP 404"), unexpected=False)]


def dead_letter(pin_id: str = "a", version: int = 1, *, offset: int = 0, at_ms: int = 0, **more: Any) -> StoredRecord:
    """A record of ``pins.dead`` as the worker writes it."""
    event = more.pop("event", event_value(pin_id, version))
    return StoredRecord(
        topic="pins.dead", partition=0, offset=offset, key=pin_id.encode(), value=event,
        headers=dead_letter_headers(event, pin_id=pin_id, **more), timestamp_ms=at_ms,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one prefix on one Kafka server."""

    kafka: str
    prefix: str

    def write_dead_letters(self, *dead_letters: StoredRecord) -> None:
        for each in dead_letters:
            self.write("pins.dead", each.key or b"", each.value, each.headers)

    def write(self, topic: str, key: bytes, content: bytes | None, headers: Headers = ()) -> None:
        """Returns once the record is acknowledged."""
        producer = Producer({"bootstrap.servers": self.kafka, "partitioner": "murmur2_random", "log_level": 0})
        producer.produce(self.prefix + topic, content, key, headers=list(headers))
        assert producer.flush(10) == 0
