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


def value(pin_id: str, version: int) -> bytes:
    """A valid event with an address."""
    return json.dumps(
        {
            "pin_id": pin_id, "version": version, "image": {"url": "https://pictures/a.jpg"},
            "domain": "web", "created_at": "2026-11-23T20:00:00Z",
        }
    ).encode()  # fmt: skip


def letter_headers(
    event: bytes | None,
    *,
    pin_id: str = "a",
    stage: str = "fetch",
    error: Exception | None = None,
    topic: str = "pins.events",
    headers: Headers = EVENT_HEADERS,
    source: tuple[int, int] = (2, 40),
) -> Headers:
    """What the worker puts on a letter."""
    taken = ConsumedRecord(
        lane="live", topic=topic, partition=source[0], offset=source[1], key=pin_id.encode(), value=event,
        headers=headers, timestamp_ms=PUBLISHED_MS,
    )  # fmt: skip
    return [*headers, *error_headers(taken, stage=stage, error=error or FetchRefused("HTTP 404"), unexpected=False)]


def letter(pin_id: str = "a", version: int = 1, *, offset: int = 0, at_ms: int = 0, **more: Any) -> StoredRecord:
    """One letter as it lies on ``pins.dead``."""
    event = more.pop("event", value(pin_id, version))
    return StoredRecord(
        topic="pins.dead", partition=0, offset=offset, key=pin_id.encode(), value=event,
        headers=letter_headers(event, pin_id=pin_id, **more), timestamp_ms=at_ms,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    """Writes letters to a Kafka."""

    kafka: str
    prefix: str

    def put(self, *letters: StoredRecord) -> None:
        """On the dead letters' topic."""
        for each in letters:
            self.write("pins.dead", each.key or b"", each.value, each.headers)

    def write(self, topic: str, key: bytes, content: bytes | None, headers: Headers = ()) -> None:
        """One record, acknowledged; the partition is its key's."""
        producer = Producer({"bootstrap.servers": self.kafka, "partitioner": "murmur2_random", "log_level": 0})
        producer.produce(self.prefix + topic, content, key, headers=list(headers))
        assert producer.flush(10) == 0
