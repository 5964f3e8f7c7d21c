"""The settings of a publisher's client: its defaults, and the keys of librdkafka that the publisher itself uses."""

import threading
from typing import Final, cast

from pinstream.events import MAX_EVENT_BYTES
from pinstream.kafka.clients import PARTITIONER, ClientSettings, OnError, open_producer
from pinstream.kafka.errors import KafkaSettingInvalid
from pinstream.kafka.publishing.kafka_producer import KafkaProducer
from pinstream.kafka.publishing.producer_queue import QueueLimits

DEFAULTS: Final[ClientSettings] = {
    "client.id": "pinstream",
    "delivery.timeout.ms": 30_000,
    "linger.ms": 5,
    "log_level": 6,  # unlike the commands, a library passes all of librdkafka's log to its user's log
    "message.max.bytes": MAX_EVENT_BYTES + 64 * 1024,
    "queue.buffering.max.kbytes": 65_536,
    "queue.buffering.max.messages": 10_000,
    "reconnect.backoff.max.ms": 1_000,
}
_ALIASES: Final = {
    "compression.codec": "compression.type",
    "message.timeout.ms": "delivery.timeout.ms",
    "queue.buffering.max.ms": "linger.ms",
    "request.required.acks": "acks",
}
"""Other names that librdkafka accepts for the keys above."""
_FOREVER_S: Final = threading.TIMEOUT_MAX / 4
"""A quarter of the longest possible wait, since ``Publisher.flush`` waits for twice the delivery timeout and more."""


class PublisherSettings:
    """What one publisher connects with, and the limits that follow from it; raises KafkaSettingInvalid."""

    def __init__(self, bootstrap: str, given: ClientSettings) -> None:
        if given.get("partitioner", PARTITIONER) != PARTITIONER:
            raise KafkaSettingInvalid(
                f"partitioner is {PARTITIONER!r} by contract, not {given['partitioner']!r}: see docs/events.md"
            )
        renamed = {_ALIASES.get(key, key): value for key, value in given.items()}
        self._keys: ClientSettings = {**DEFAULTS, "bootstrap.servers": bootstrap, **renamed}
        # librdkafka's 0 means that a delivery never times out.
        self.delivery_timeout_s = float(self._keys["delivery.timeout.ms"]) / 1000 or _FOREVER_S

    def open(self, on_error: OnError) -> KafkaProducer:
        """A producer with these settings; raises KafkaSettingInvalid."""
        try:
            return cast(KafkaProducer, open_producer(self._keys, on_error=on_error))
        except KafkaSettingInvalid as exc:
            raise KafkaSettingInvalid(f"Kafka's client refuses its settings: {exc}") from exc

    def limits(self) -> QueueLimits:
        """How much may be in flight, and how long an event may wait for room."""
        return QueueLimits(
            events=int(self._keys["queue.buffering.max.messages"]),
            size_bytes=int(self._keys["queue.buffering.max.kbytes"]) * 1024,
            wait_s=self.delivery_timeout_s,
        )
