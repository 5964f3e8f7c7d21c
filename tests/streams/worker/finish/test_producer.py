"""Writing to Kafka, on librdkafka's mock cluster."""

import asyncio
import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from streams.errors import KafkaFailed
from streams.worker.finish.dead_letters import LEFT_OUT, DeadLetterWriter
from streams.worker.finish.producer import WorkerProducer
from streams.worker.record import ConsumedRecord

QUIET = {"log_level": 2}


@pytest.fixture
def servers() -> Iterator[str]:
    cluster = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, **QUIET})
    brokers = cluster.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    cluster.flush(0)


def written(servers: str, topic: str) -> list[tuple[bytes | None, bytes | None, list[Any]]]:
    reader = Consumer({"bootstrap.servers": servers, "group.id": "r", "enable.partition.eof": True, **QUIET})
    partitions = len(reader.list_topics(topic, timeout=10).topics[topic].partitions)
    reader.assign([TopicPartition(topic, each, 0) for each in range(partitions)])
    found, ended = [], 0
    while ended < partitions:
        message = reader.poll(10)
        assert message is not None
        if message.error():
            ended += 1
        else:
            found.append((message.key(), message.value(), list(message.headers() or [])))
    reader.close()
    return found


async def test_a_message_is_acknowledged_in_the_event_loop(servers: str) -> None:
    failures: list[BaseException] = []
    acknowledged = asyncio.Event()
    producer = WorkerProducer({"bootstrap.servers": servers}, fail=failures.append, on_answer=lambda: None)

    producer.send("outcomes", key=b"k", value=b"v", on_acknowledged=acknowledged.set)
    await asyncio.wait_for(acknowledged.wait(), 20)
    await producer.deliver("outcomes", key=b"k", value=None, headers=[("twice", b"1"), ("twice", b"2")])

    assert await producer.close(10) == 0
    assert failures == []
    assert sorted(await asyncio.to_thread(written, servers, "outcomes"), key=str) == [
        (b"k", None, [("twice", b"1"), ("twice", b"2")]),
        (b"k", b"v", []),
    ]


@pytest.mark.parametrize(
    ("settings", "codec"), [({}, "gzip"), ({"compression.type": "zstd"}, "zstd")], ids=["by default", "as set"]
)
async def test_outcomes_are_compressed_with_gzip_which_every_client_reads(
    servers: str, caplog: pytest.LogCaptureFixture, settings: dict[str, str], codec: str
) -> None:
    keys: dict[str, str | int | float | bool] = {"bootstrap.servers": servers, "debug": "msg", "log_level": 7}
    failures: list[BaseException] = []
    producer = WorkerProducer({**keys, **settings}, fail=failures.append, on_answer=lambda: None)

    with caplog.at_level(logging.DEBUG, "pinstream.librdkafka"):
        await producer.deliver("outcomes", key=b"k", value=b"v" * 10_000, headers=())
        await producer.close(10)

    assert failures == []
    sent = [line for line in caplog.messages if "Produce MessageSet" in line]
    assert sent
    assert all(line.endswith(f"{codec})") for line in sent), sent


async def test_closing_waits_for_what_is_not_acknowledged(servers: str) -> None:
    acknowledged: list[int] = []
    failures: list[BaseException] = []
    producer = WorkerProducer({"bootstrap.servers": servers}, fail=failures.append, on_answer=lambda: None)
    for each in range(50):
        producer.send("many", key=b"k", value=b"v", on_acknowledged=partial(acknowledged.append, each))

    missing = await producer.close(20)

    assert missing == 0
    assert sorted(acknowledged) == list(range(50))


async def test_a_message_that_kafka_will_never_take_stops_the_worker(servers: str) -> None:
    failures: list[BaseException] = []
    producer = WorkerProducer(
        {"bootstrap.servers": servers, "message.max.bytes": 1000}, fail=failures.append, on_answer=lambda: None
    )

    producer.send("outcomes", key=b"k", value=b"v" * 2000)

    await producer.close(10)
    assert [type(failure) for failure in failures] == [KafkaFailed]


async def test_a_dead_letter_that_its_topic_refuses_is_written_without_its_event(servers: str) -> None:
    failures: list[BaseException] = []
    producer = WorkerProducer(
        {"bootstrap.servers": servers, "message.max.bytes": 50_000}, fail=failures.append, on_answer=lambda: None
    )
    large = ConsumedRecord(
        lane="live",
        topic="pins.events",
        partition=3,
        offset=42,
        key=b"k",
        value=b"v" * 60_000,
        headers=[("ce_id", b"1")],
    )

    await DeadLetterWriter(producer, "dead").write(large, stage="event", error=ValueError("poison"), unexpected=False)

    assert await producer.close(10) == 0
    assert failures == []
    ((key, value, headers),) = await asyncio.to_thread(written, servers, "dead")
    found = dict(headers)
    assert (key, value, found[LEFT_OUT]) == (b"k", b"", b"60000")
    assert (found["__connect.errors.topic"], found["__connect.errors.offset"]) == (b"pins.events", b"42")
