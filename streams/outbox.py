"""What the worker writes to Kafka: outcomes and dead letters, each acknowledged by all replicas or waited for."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pinstream.events import Headers
from streams.errors import KafkaFailed
from streams.kafka_errors import QUIET

_POLL_S: Final = 0.1

DEFAULTS: Final[Mapping[str, str | int | float | bool]] = {
    "acks": "all",
    "enable.idempotence": True,
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "linger.ms": 5,
    # For ever: an outage of Kafka costs time, and what waits is bounded by the credits it holds.
    "delivery.timeout.ms": 0,
    # The broker limits what a record weighs compressed, this client what it weighs before: whatever the broker let
    # into the events must be let into the dead letters.
    "message.max.bytes": 1_000_000_000,
}
"""What a setting may override."""


class Outbox:
    """One producer and its polling thread; callbacks arrive in the event loop it was made in, in batches.

    Kafka's client repeats what can be repeated; what it gives up on goes to ``fail``: nothing is lost in silence.
    """

    def __init__(
        self, config: Mapping[str, object], *, fail: Callable[[BaseException], None], on_delivered: Callable[[], None]
    ) -> None:
        self._producer = Producer({**DEFAULTS, **QUIET, **config})
        self._fail = fail
        self._on_delivered = on_delivered
        self._loop = asyncio.get_running_loop()
        self._delivered: deque[tuple[KafkaError | None, Callable[[], None]]] = deque()
        """Filled by the polling thread, emptied by the event loop."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="outbox", daemon=True)
        self._thread.start()

    def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        delivered: Callable[[], None] = lambda: None,
    ) -> None:
        """Write one message; ``delivered`` is called in the event loop once it is acknowledged. Never blocks."""

        def report(error: KafkaError | None, _message: Message) -> None:
            self._delivered.append((error, delivered))

        try:
            self._producer.produce(topic, key=key, value=value, headers=list(headers), on_delivery=report)
        except (BufferError, KafkaException) as exc:
            self._fail(KafkaFailed(f"{topic}: {exc}"))

    async def deliver(self, topic: str, *, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Write one message; returns once it is acknowledged."""
        acknowledged = asyncio.Event()
        self.send(topic, key=key, value=value, headers=headers, delivered=acknowledged.set)
        await acknowledged.wait()

    @property
    def waiting(self) -> int:
        """Messages that are not acknowledged."""
        return len(self._producer)

    async def close(self, deadline_s: float) -> int:
        """Wait for acknowledgements, at most ``deadline_s``; how many are missing."""
        missing = await asyncio.to_thread(self._producer.flush, deadline_s)
        self._closing.set()
        await asyncio.to_thread(self._thread.join)
        self._report()
        return int(missing)

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(_POLL_S)
            if self._delivered:
                self._loop.call_soon_threadsafe(self._report)

    def _report(self) -> None:
        while self._delivered:
            error, delivered = self._delivered.popleft()
            if error is None:
                self._on_delivered()
                delivered()
            else:
                self._fail(KafkaFailed(f"a message was not taken: {error.str()}"))
