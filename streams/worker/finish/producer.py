"""Writes outcomes and dead letters to Kafka, each acknowledged by all replicas."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message

from pinstream.events import Headers
from pinstream.kafka.clients import ClientSettings, OnError, open_producer
from streams.errors import KafkaFailed, MessageTooLarge, name_kafka_setting

_POLL_S: Final = 0.1

DEFAULTS: Final[ClientSettings] = {
    # Every client reads gzip; kafkajs and aiokafka need plugins for lz4, snappy and zstd.
    "compression.type": "gzip",
    # Batches may wait 50 ms, since no search waits for an outcome: fewer requests, here and at the broker.
    "linger.ms": 50,
    # 0 is no limit: records wait for as long as Kafka does not answer. Credits bound how many there are.
    "delivery.timeout.ms": 0,
}
"""`PINSTREAM_KAFKA__PRODUCER` may override them."""


@dataclass(frozen=True, slots=True)
class _Record:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class _Callbacks:
    """Called in the event loop, one of them, once."""

    on_acknowledged: Callable[[], None]
    on_too_large: Callable[[KafkaError], None]
    """Any other refusal stops the worker."""


class WorkerProducer:
    """One producer and its polling thread; callbacks arrive, in batches, in the event loop that made it.

    Kafka's client repeats what can be repeated. What it gives up on goes to ``fail``, which stops the worker.
    """

    def __init__(
        self,
        settings: ClientSettings,
        *,
        fail: Callable[[BaseException], None],
        on_answer: Callable[[], None],
        on_error: OnError | None = None,
    ) -> None:
        with name_kafka_setting("PINSTREAM_KAFKA__PRODUCER"):
            self._producer = open_producer(settings, preferred=DEFAULTS, on_error=on_error)
        self._fail = fail
        self._on_answer = on_answer
        self._loop = asyncio.get_running_loop()
        self._reports: deque[tuple[KafkaError | None, _Callbacks]] = deque()
        """Filled by the polling thread, emptied by the event loop."""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._poll, name="producer", daemon=True)
        self._thread.start()

    def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        on_acknowledged: Callable[[], None] = lambda: None,
    ) -> None:
        self._produce(_Record(topic, key, value, headers), _Callbacks(on_acknowledged, self._give_up))

    async def deliver(self, topic: str, *, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        ended: asyncio.Future[KafkaError | None] = self._loop.create_future()

        def end(error: KafkaError | None = None) -> None:
            if not ended.done():  # else the caller was cancelled
                ended.set_result(error)

        self._produce(_Record(topic, key, value, headers), _Callbacks(end, end))
        if (error := await ended) is not None:
            raise MessageTooLarge(f"{topic}: {error.str()}")

    async def close(self, deadline_s: float) -> int:
        """Wait for acknowledgements, at most ``deadline_s``; returns how many are missing."""
        missing = await asyncio.to_thread(self._producer.flush, deadline_s)
        self._closing.set()
        await asyncio.to_thread(self._thread.join)
        self._run_callbacks()
        return int(missing)

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(_POLL_S)
            if self._reports:  # once for all reports of a poll: a call into the loop costs more than a callback
                self._loop.call_soon_threadsafe(self._run_callbacks)

    def _produce(self, message: _Record, callbacks: _Callbacks) -> None:
        def report(error: KafkaError | None, _message: Message) -> None:
            self._reports.append((error, callbacks))

        try:
            self._producer.produce(
                message.topic,
                key=message.key,
                value=message.value,
                headers=list(message.headers),
                on_delivery=report,
            )
        except KafkaException as exc:
            self._end(exc.args[0], callbacks)
        except BufferError as exc:
            self._fail(KafkaFailed(f"{message.topic}: {exc}"))

    def _run_callbacks(self) -> None:
        while self._reports:
            self._end(*self._reports.popleft())

    def _end(self, error: KafkaError | None, callbacks: _Callbacks) -> None:
        if error is None:
            self._on_answer()
            callbacks.on_acknowledged()
        elif error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            callbacks.on_too_large(error)
        else:
            self._give_up(error)

    def _give_up(self, error: KafkaError) -> None:
        self._fail(KafkaFailed(f"Kafka refused a message: {error.str()}"))
