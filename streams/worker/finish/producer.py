"""What the worker writes to Kafka: outcomes and dead letters, each acknowledged by all replicas or waited for."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message

from pinstream.events import Headers
from pinstream.kafka.clients import ClientSettings, OnError, open_producer
from streams.errors import KafkaFailed, MessageTooLarge

_POLL_S: Final = 0.1

DEFAULTS: Final[ClientSettings] = {
    # Nobody waits for an outcome: a row is found by then. Fewer requests, here and at the broker.
    "linger.ms": 50,
    # For ever: an outage of Kafka costs time, and what waits is bounded by the credits it holds.
    "delivery.timeout.ms": 0,
    # The broker limits what a record weighs compressed, this client what it weighs before: whatever the broker let
    # into the events must be let into the dead letters.
    "message.max.bytes": 1_000_000_000,
}
"""What a setting may override."""


@dataclass(frozen=True, slots=True)
class _Record:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class _Callbacks:
    """Who hears how a message ended; both are called in the event loop."""

    delivered: Callable[[], None]
    refused: Callable[[KafkaError], None]
    """Told that it is too large; every other end of a message is the worker's end too."""


class WorkerProducer:
    """One producer and its polling thread; callbacks arrive in the event loop it was made in, in batches.

    Kafka's client repeats what can be repeated; what it gives up on goes to ``fail``: nothing is lost in silence.
    """

    def __init__(
        self,
        settings: ClientSettings,
        *,
        fail: Callable[[BaseException], None],
        on_delivered: Callable[[], None],
        on_error: OnError | None = None,
    ) -> None:
        self._producer = open_producer(settings, preferred=DEFAULTS, on_error=on_error)
        self._fail = fail
        self._on_delivered = on_delivered
        self._loop = asyncio.get_running_loop()
        self._delivered: deque[tuple[KafkaError | None, _Callbacks]] = deque()
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
        self._produce(_Record(topic, key, value, headers), _Callbacks(delivered, self._given_up))

    async def deliver(self, topic: str, *, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Write one message; returns once it is acknowledged. Raises MessageTooLarge, and nothing was written."""
        ended: asyncio.Future[KafkaError | None] = self._loop.create_future()

        def end(error: KafkaError | None = None) -> None:
            if not ended.done():
                ended.set_result(error)

        self._produce(_Record(topic, key, value, headers), _Callbacks(end, end))
        if (error := await ended) is not None:
            raise MessageTooLarge(f"{topic}: {error.str()}")

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

    def _produce(self, message: _Record, told: _Callbacks) -> None:
        def report(error: KafkaError | None, _message: Message) -> None:
            self._delivered.append((error, told))

        try:
            self._producer.produce(
                message.topic,
                key=message.key,
                value=message.value,
                headers=list(message.headers),
                on_delivery=report,
            )
        except KafkaException as exc:
            self._end(exc.args[0], told)
        except BufferError as exc:
            self._fail(KafkaFailed(f"{message.topic}: {exc}"))

    def _report(self) -> None:
        while self._delivered:
            self._end(*self._delivered.popleft())

    def _end(self, error: KafkaError | None, told: _Callbacks) -> None:
        if error is None:
            self._on_delivered()
            told.delivered()
        elif error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            told.refused(error)
        else:
            self._given_up(error)

    def _given_up(self, error: KafkaError) -> None:
        self._fail(KafkaFailed(f"a message was not taken: {error.str()}"))
