"""The queue in front of Kafka, under any mix of sizes, limits and refusals."""

import asyncio
from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from hypothesis import given, settings
from hypothesis import strategies as st

from pinstream.errors import EventInvalid, NotDelivered
from pinstream.kafka.publishing.kafka_producer import OnDelivery
from pinstream.testing import MemoryKafka, MemoryPublisher


class WatchedKafka(MemoryKafka):
    """Knows how much ever waited for it at once."""

    def __init__(self) -> None:
        super().__init__()
        self.most_unanswered = 0

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
        super().produce(topic, value, key, headers=headers, timestamp=timestamp, on_delivery=on_delivery)
        self.most_unanswered = max(self.most_unanswered, self.unanswered)


def pin(number: int, title: str) -> dict[str, Any]:
    return {
        "pin_id": f"p{number}",
        "version": number + 1,
        "image": {"url": "https://example.org/a.jpg"},
        "domain": "web",
        "title": title,
    }


@settings(max_examples=30)
@given(
    titles=st.lists(st.integers(0, 500).map("x".__mul__), min_size=1, max_size=30),
    room=st.integers(1, 6),
    full=st.integers(0, 3),
    broken=st.booleans(),
    refused=st.booleans(),
)
def test_everything_is_answered_once_in_order_and_within_bounds(
    titles: list[str], room: int, full: int, broken: bool, refused: bool
) -> None:
    kafka = WatchedKafka()
    publisher = MemoryPublisher(kafka={"queue.buffering.max.messages": room, "delivery.timeout.ms": 60_000})
    publisher.memory = kafka
    kafka.refuse(BufferError("full"), times=full)
    if broken:
        kafka.refuse(KafkaException(KafkaError(KafkaError._FATAL, "broken", fatal=True)))
    if refused:
        kafka.refuse(KafkaException(KafkaError(KafkaError.INVALID_RECORD)))

    async def publish_all() -> list[object]:
        async with publisher:
            deliveries = [publisher.publish(pin(number, title)) for number, title in enumerate(titles)]
            return await asyncio.gather(*deliveries, return_exceptions=True)

    answers = asyncio.run(publish_all())

    failed = [answer for answer in answers if isinstance(answer, NotDelivered | EventInvalid)]
    delivered = [f"p{number}" for number, answer in enumerate(answers) if answer not in failed]
    assert len(failed) == refused
    assert [record.pin_id for record in kafka.records] == delivered
    assert kafka.most_unanswered <= room
    assert kafka.producers_opened == 1 + broken
