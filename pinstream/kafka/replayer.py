"""Records published again unchanged: key, value, headers and timestamp."""

from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaError, KafkaException, Message

from pinstream.events import Headers
from pinstream.kafka.clients import ClientSettings, open_producer
from pinstream.kafka.connection import Connection
from pinstream.kafka.errors import KafkaUnreachable
from pinstream.kafka.stored_record import StoredRecord

_PREFERRED: Final[ClientSettings] = {
    "client.id": "pinstream-replayer",
    "delivery.timeout.ms": 30_000,
    "linger.ms": 5,
    "queue.buffering.max.kbytes": 64 * 1024,
    "reconnect.backoff.max.ms": 1_000,
}


class Replayer:
    """Publishes stored records unchanged; blocks while its queue is full.

    ``flush``, and leaving a ``with`` block, raise KafkaUnreachable if a record was not acknowledged.
    """

    def __init__(self, connection: Connection) -> None:
        self._address = connection.address
        self._failure: KafkaError | None = None
        self._producer = open_producer(connection.client_settings(), preferred=_PREFERRED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if exc is None:
            self.flush()

    def publish(self, record: StoredRecord) -> None:
        """Write ``record`` to its topic; its key decides the partition."""

        def produce() -> None:
            self._producer.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                timestamp=record.timestamp_ms,
                on_delivery=self._note_failure,
            )

        self._retry_while_full(produce)

    def publish_mark(self, topic: str, partition: int, *, key: bytes | None, headers: Headers) -> None:
        """Write a record without a value to the given partition."""

        def produce() -> None:
            self._producer.produce(
                topic, key=key, value=None, headers=list(headers), partition=partition, on_delivery=self._note_failure
            )

        self._retry_while_full(produce)

    def flush(self) -> None:
        """Wait until every record is acknowledged; raises KafkaUnreachable if one was not."""
        missing = self._producer.flush(-1)  # without a limit: ``delivery.timeout.ms`` ends each delivery
        if self._failure is not None or missing:
            reason = "no answer" if self._failure is None else self._failure.str()
            raise KafkaUnreachable(f"not everything was delivered to {self._address}: {reason}")

    def _retry_while_full(self, produce: Callable[[], None]) -> None:
        while True:
            try:
                produce()
                self._producer.poll(0)
                return
            except BufferError:
                self._producer.poll(0.5)
            except KafkaException as exc:
                raise KafkaUnreachable(f"{self._address}: {exc.args[0].str()}") from exc

    def _note_failure(self, error: KafkaError | None, _message: Message) -> None:
        self._failure = error or self._failure
