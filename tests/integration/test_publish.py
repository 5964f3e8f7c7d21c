"""Publishing to the real broker: partitions, headers, sizes, and what happens when it freezes or dies."""

import asyncio
import base64
import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import psutil
import pytest
from confluent_kafka import Message

from deploy.local.errors import NotReady
from deploy.local.parts.kafka import check_kafka
from deploy.local.stack import LocalStack
from pinstream.errors import NotDelivered
from pinstream.events import MAX_EVENT_BYTES, PinDeletion, PinEvent, decode_event
from pinstream.kafka.clients import ClientSettings
from pinstream.kafka.partitioner import partition_of
from pinstream.kafka.stored_record import record_fields
from pinstream.publish import Publisher
from schemas.topics import topics
from streams.topic_setup import TopicSetup
from tests.integration.records import read_to_end
from tests.integration.running_worker import eventually
from tests.pinstream.cli.commands import outcome, run, write

pytestmark = pytest.mark.stack

PARTITIONS = 12
IMPATIENT: ClientSettings = {"delivery.timeout.ms": 1_500}


@pytest.fixture
def prefix(stack: LocalStack) -> Iterator[str]:
    """Topics of this test alone, as `python -m streams init` would create them.

    A broker that was frozen for longer than its session has to register again: the next test begins after that.
    """
    prefix = f"{uuid.uuid4().hex}."
    TopicSetup({"bootstrap.servers": stack.endpoints.kafka}).ensure(topics(partitions=PARTITIONS, prefix=prefix))
    yield prefix
    eventually(lambda: answers(stack.endpoints.kafka), what="a broker that answers again")


def answers(servers: str) -> bool:
    try:
        check_kafka(servers)
    except NotReady:
        return False
    return True


def pin(pin_id: str, **changes: Any) -> dict[str, Any]:
    return {"pin_id": pin_id, "image": {"url": "https://example.org/a.jpg"}, "domain": "web", **changes}


def stored(stack: LocalStack, topic: str) -> list[Message]:
    """Every record of ``topic``, in order within each partition."""
    return read_to_end(stack.endpoints.kafka, topic, partitions=PARTITIONS)


def delivered(publisher: Publisher, pin_id: str) -> bool:
    try:
        publisher.publish(pin(pin_id)).result(30)
    except NotDelivered:
        return False
    return True


def reach(publisher: Publisher, pin_id: str) -> None:
    """Publish until it is acknowledged: on a loaded machine an impatient publisher may need more than one try."""
    eventually(lambda: delivered(publisher, pin_id), what=f"pin {pin_id!r} delivered")


@contextmanager
def frozen_kafka(stack: LocalStack) -> Iterator[None]:
    """A broker that accepts connections and answers nothing."""
    (pid,) = [record.pid for record in stack.records if record.name == "kafka"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_partitions_are_those_of_javas_clients(stack: LocalStack, prefix: str) -> None:
    keys = [f"pin_{number}-{'x' * (number % 7)}" for number in range(300)]
    with Publisher(stack.endpoints.kafka, topic_prefix=prefix) as publisher:
        deliveries = [publisher.publish(pin(key)) for key in keys]

    found = {(message.key() or b"").decode(): message.partition() for message in stored(stack, f"{prefix}pins.events")}

    assert found == {key: partition_of(key.encode(), PARTITIONS) for key in keys}
    assert {delivery.pin_id: delivery.result().partition for delivery in deliveries} == found


def test_events_headers_and_time_come_back_as_they_were_sent(stack: LocalStack, prefix: str) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with Publisher(stack.endpoints.kafka, topic_prefix=prefix, source="shop") as publisher:
        sent = publisher.publish(pin("a", version=7, title="Größe 38"), traceparent=trace).result(30)

    (message,) = stored(stack, f"{prefix}pins.events")

    headers = dict(record_fields(message)["headers"])
    event = decode_event(message.key(), message.value(), headers=record_fields(message)["headers"])
    assert isinstance(event, PinEvent)
    assert (event.version, event.title) == (7, "Größe 38")
    assert (headers["ce_id"], headers["ce_source"], headers["traceparent"]) == (b"a/7", b"shop", trace.encode())
    assert message.timestamp()[1] == sent.timestamp_ms
    assert (message.partition(), message.offset()) == (sent.partition, sent.offset)


def test_deletions_are_tombstones_in_the_lane_they_were_sent_to(stack: LocalStack, prefix: str) -> None:
    with Publisher(stack.endpoints.kafka, topic_prefix=prefix, lane="backfill") as publisher:
        publisher.delete("a", version=9)

    (message,) = stored(stack, f"{prefix}pins.events.backfill")

    assert message.value() is None
    assert decode_event(message.key(), None, headers=record_fields(message)["headers"]) == PinDeletion("a", 9)


def test_the_largest_event_that_is_taken_fits_the_topic(stack: LocalStack, prefix: str) -> None:
    picture = os.urandom((MAX_EVENT_BYTES - 800) // 4 * 3)  # noise: no compression makes it fit
    with Publisher(stack.endpoints.kafka, topic_prefix=prefix) as publisher:
        publisher.publish(pin("a", image={"inline": _base64(picture)}))

    (message,) = stored(stack, f"{prefix}pins.events")

    event = decode_event(message.key(), message.value())
    assert isinstance(event, PinEvent)
    assert event.image.inline_bytes() == picture


def test_a_frozen_broker_is_a_failed_delivery_and_then_no_more(stack: LocalStack, prefix: str) -> None:
    with Publisher(stack.endpoints.kafka, topic_prefix=prefix, kafka=IMPATIENT) as publisher:
        reach(publisher, "before")
        with frozen_kafka(stack):
            lost = publisher.publish(pin("during"))
            with pytest.raises(NotDelivered, match="pin 'during'"):
                lost.result(60)
        reach(publisher, "after")

    assert "after" in {(message.key() or b"").decode() for message in stored(stack, f"{prefix}pins.events")}


async def test_a_coroutine_gets_the_delivery_too(stack: LocalStack, prefix: str) -> None:
    async with Publisher(stack.endpoints.kafka, topic_prefix=prefix, kafka=IMPATIENT) as publisher:
        await asyncio.to_thread(reach, publisher, "before")
        with frozen_kafka(stack), pytest.raises(NotDelivered):
            await publisher.publish(pin("during"))


def test_flush_names_the_pins_that_a_frozen_broker_holds(stack: LocalStack, prefix: str) -> None:
    with Publisher(stack.endpoints.kafka, topic_prefix=prefix) as publisher:
        publisher.publish(pin("before")).result(30)
        with frozen_kafka(stack):
            publisher.publish(pin("a"))
            publisher.publish(pin("b"))
            held = publisher.flush(0.2)
        later = publisher.flush(90)

    assert held == ("a", "b")
    assert later == ()


def test_memory_is_bounded_while_the_broker_is_frozen(stack: LocalStack, prefix: str) -> None:
    megabyte = 1024 * 1024
    picture = _base64(os.urandom(megabyte // 4 * 3))
    settings: ClientSettings = {"queue.buffering.max.kbytes": 8 * 1024, "delivery.timeout.ms": 1_500}
    publisher = Publisher(stack.endpoints.kafka, topic_prefix=prefix, kafka=settings)
    reach(publisher, "before")
    before_bytes, taken = psutil.Process().memory_info().rss, 0

    with frozen_kafka(stack), pytest.raises(NotDelivered):
        for number in range(200):
            publisher.publish(pin(f"p{number}", image={"inline": picture}))
            taken += 1
    grown_bytes = psutil.Process().memory_info().rss - before_bytes
    publisher.close()

    assert 0 < taken < 8
    assert grown_bytes < 64 * megabyte


def test_events_published_while_the_broker_is_killed_arrive_once_and_in_order(stack: LocalStack, prefix: str) -> None:
    versions = range(1, 401)
    publisher = Publisher(stack.endpoints.kafka, topic_prefix=prefix, kafka={"delivery.timeout.ms": 60_000})
    for version in versions[:100]:
        publisher.publish(pin("a", version=version))

    def restart_kafka() -> None:
        stack.kill("kafka")
        stack.start("kafka")

    restart = Thread(target=restart_kafka)

    restart.start()
    for version in versions[100:]:
        publisher.publish(pin("a", version=version))
    restart.join()

    assert publisher.close() == ()
    events = [decode_event(each.key(), each.value()) for each in stored(stack, f"{prefix}pins.events")]
    assert [event.version for event in events] == list(versions)


def test_the_command_line_publishes_deletes_and_watches(stack: LocalStack, prefix: str, tmp_path: Path) -> None:
    (tmp_path / "red boots.jpg").write_bytes(b"picture")
    to = ["--kafka", stack.endpoints.kafka, "--topic-prefix", prefix]

    published = run("publish", "--images", str(tmp_path), "--domain", "camera", *to)
    deleted = run("delete", "red_boots", *to)
    write(stack.endpoints.kafka, f"{prefix}pins.indexed", outcome("red_boots", outcome="deleted"))
    watched = run("watch", "--from-start", "--limit", "1", *to)

    assert [done.exit_code for done in (published, deleted, watched)] == [0, 0, 0]
    first, second = stored(stack, f"{prefix}pins.events")
    event = decode_event(first.key(), first.value())
    assert isinstance(event, PinEvent)
    assert (event.pin_id, event.domain, event.image.inline_bytes()) == ("red_boots", "camera", b"picture")
    tombstone = decode_event(second.key(), second.value(), headers=record_fields(second)["headers"])
    assert isinstance(tombstone, PinDeletion)
    assert tombstone.version > event.version
    assert "deleted    red_boots gone after 65 ms" in watched.stdout


def test_the_command_line_says_who_does_not_answer(stack: LocalStack, prefix: str) -> None:
    line = '{"pin_id": "a", "image": {"url": "http://x"}, "domain": "web"}'

    with frozen_kafka(stack):
        done = run("publish", "-", "--kafka", stack.endpoints.kafka, "--topic-prefix", prefix, stdin=line)

    assert done.exit_code == 1
    assert f"no Kafka at {stack.endpoints.kafka}" in done.stderr


def _base64(picture: bytes) -> str:
    return base64.b64encode(picture).decode()
