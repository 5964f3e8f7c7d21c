"""What the queue uses of a Kafka client, so that `pinstream.testing` can replace it."""

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
        """Queue a record without blocking; raises BufferError if there is no room, KafkaException if it never fits."""
        ...

    def poll(self, timeout: float) -> int:
        """Run the callbacks of records that Kafka has answered, waiting up to ``timeout`` seconds for the first."""
        ...

    def purge(self) -> None:
        """Give up on all records in the queue and in flight; their callbacks still run, with an error."""
        ...


OpenProducer = Callable[[OnError], KafkaProducer]
