"""What the queue needs of a Kafka client, so that `pinstream.testing` can take its place."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from confluent_kafka import KafkaError

from pinstream.kafka.clients import OnError

OnDelivery = Callable[[KafkaError | None, Any], None]


class KafkaProducer(Protocol):
    """What is used of ``confluent_kafka.Producer``; callbacks run inside ``poll`` only."""

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes,
        *,
        headers: Sequence[tuple[str, bytes]],
        timestamp: int,
        on_delivery: OnDelivery,
    ) -> None:
        """Take a record without blocking; raises BufferError when full, KafkaException when it never will."""
        ...

    def poll(self, timeout: float) -> int:
        """Call back for what has been answered, waiting up to ``timeout`` seconds for an answer."""
        ...

    def purge(self) -> None:
        """Give up on everything; each record is still called back for."""
        ...


OpenProducer = Callable[[OnError], KafkaProducer]
