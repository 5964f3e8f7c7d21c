"""Publishing, on a Kafka in memory and on librdkafka's mock cluster alike."""

import asyncio
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pinstream.errors import EventInvalid, NotDelivered, PinstreamError
from pinstream.events import MAX_EVENT_BYTES, PinDeletion, PinEvent, decode_event, event_from
from pinstream.kafka.partitioner import partition_of
from pinstream.kafka.publishing.delivery import Delivery
from pinstream.publish import Publisher
from pinstream.testing import MemoryPublisher

UNREACHABLE = "127.0.0.1:1"
QUICK = {"delivery.timeout.ms": 300}
TIGHT = {"delivery.timeout.ms": 300, "queue.buffering.max.messages": 2}


def pin(pin_id: str = "a", **changes: Any) -> dict[str, Any]:
    return {"pin_id": pin_id, "image": {"url": "https://example.org/a.jpg"}, "domain": "web", **changes}


@pytest.fixture
def memory() -> Iterator[MemoryPublisher]:
    publisher = MemoryPublisher()
    yield publisher
    publisher.memory.release()
    publisher.close()


@pytest.fixture
def tight() -> Iterator[MemoryPublisher]:
    publisher = MemoryPublisher(kafka=TIGHT)
    yield publisher
    publisher.close(0)


@pytest.fixture(params=["memory", "mock"])
def publisher(request: pytest.FixtureRequest, memory: MemoryPublisher) -> Iterator[Publisher]:
    if request.param == "memory":
        yield memory
        return
    with Publisher(request.getfixturevalue("mock_kafka"), topic_prefix=f"{uuid.uuid4().hex}.") as mock:
        yield mock


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def stored(kafka: str, topic: str, count: int) -> list[Any]:
    """The first ``count`` records of a topic of the mock cluster."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "test", "enable.auto.commit": False, "log_level": 0})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(4)])
    found: list[Any] = []
    while len(found) < count:
        batch = consumer.consume(count, 10)
        assert batch, f"{len(found)} of {count} records came"
        found += batch
    consumer.close()
    return found


def test_plain_code_waits_for_the_acknowledgement(publisher: Publisher) -> None:
    first = publisher.publish(pin("a", version=3)).result(10)
    second = publisher.publish(pin("a", version=4)).result(10)

    assert (first.pin_id, first.version, first.topic) == ("a", 3, publisher.topic)
    assert (second.partition, second.offset) == (first.partition, first.offset + 1)


async def test_coroutines_await_the_same_object(publisher: Publisher) -> None:
    deliveries = await asyncio.gather(*(publisher.publish(pin(f"p{number}")) for number in range(50)))

    assert {delivered.pin_id for delivered in deliveries} == {f"p{number}" for number in range(50)}
    assert await publisher.aflush(10) == ()


def test_many_threads_may_publish_at_once(publisher: Publisher) -> None:
    def work(thread: int) -> None:
        for number in range(25):
            publisher.publish(pin(f"t{thread}-{number}"))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert publisher.flush(10) == ()


def test_an_invalid_event_raises_at_once_with_its_path(publisher: Publisher) -> None:
    with pytest.raises(EventInvalid) as caught:
        publisher.publish(pin(domain="pinboard"))

    assert caught.value.path == "$.domain"


def test_an_event_too_large_names_its_size_and_the_limit(publisher: Publisher) -> None:
    event = pin(image={"inline": "AAAA" * (MAX_EVENT_BYTES // 4)})

    with pytest.raises(EventInvalid, match=r"6,291,\d+ bytes.*at most 6,291,456") as caught:
        publisher.publish(event)

    assert caught.value.path == "$.image.inline"


def test_the_largest_event_is_taken(publisher: Publisher) -> None:
    event = pin(image={"inline": "AAAA" * (MAX_EVENT_BYTES // 4 - 200)})

    delivered = publisher.publish(event).result(20)

    assert delivered.pin_id == "a"


def test_closing_twice_is_safe_and_ends_publishing(publisher: Publisher) -> None:
    publisher.publish(pin())

    assert publisher.close() == ()
    assert publisher.close() == ()
    with pytest.raises(RuntimeError, match="closed"):
        publisher.publish(pin())


def test_a_publisher_that_published_nothing_closes() -> None:
    with Publisher(UNREACHABLE) as publisher:
        assert publisher.flush() == ()


def test_what_is_stored_is_the_event_under_its_pin_id(mock_kafka: str) -> None:
    event = event_from(pin("my-pin", title="Red boots", labels=["boots"]))
    with Publisher(mock_kafka, topic_prefix=f"{uuid.uuid4().hex}.") as publisher:
        publisher.publish(event)

    (message,) = stored(mock_kafka, publisher.topic, 1)

    assert message.key() == b"my-pin"
    assert decode_event(message.key(), message.value(), headers=message.headers()) == event


def test_headers_are_cloudevents_and_a_trace(memory: MemoryPublisher) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    memory.publish(pin("a", version=7), traceparent=trace).result()

    headers = dict(memory.records[0].headers)
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_id"] == b"a/7"
    assert headers["ce_type"] == b"pinstream.pin.saved.v1"
    assert headers["ce_source"] == b"pinstream"
    assert datetime.fromisoformat(headers["ce_time"].decode()).tzinfo == UTC
    assert headers["traceparent"] == trace.encode()
    assert "version" not in headers


def test_each_event_begins_a_trace_of_its_own(memory: MemoryPublisher) -> None:
    memory.publish(pin("a"))
    memory.publish(pin("b"))
    memory.flush()

    traces = [dict(record.headers)["traceparent"].decode().split("-") for record in memory.records]

    assert all([len(part) for part in trace] == [2, 32, 16, 2] for trace in traces)
    assert traces[0][1] != traces[1][1]


def test_a_deletion_is_a_tombstone_with_its_version(mock_kafka: str) -> None:
    with Publisher(mock_kafka, topic_prefix=f"{uuid.uuid4().hex}.") as publisher:
        publisher.delete("a", version=12)

    (message,) = stored(mock_kafka, publisher.topic, 1)

    assert message.value() is None
    assert dict(message.headers())["ce_type"] == b"pinstream.pin.deleted.v1"
    assert decode_event(message.key(), None, headers=message.headers()) == PinDeletion("a", 12)


def test_changes_of_a_pin_within_a_millisecond_have_growing_versions(memory: MemoryPublisher) -> None:
    for _ in range(100):
        memory.publish(pin("a"))
        memory.delete("a")
    memory.flush()

    versions = [event.version for event in memory.events]

    assert versions == sorted(set(versions))


def test_a_deletion_is_newer_than_the_version_published_last(memory: MemoryPublisher) -> None:
    far_ahead = 2**60
    memory.publish(pin("a", version=far_ahead))
    memory.delete("a")
    memory.flush()

    assert memory.events[-1] == PinDeletion("a", far_ahead + 1)


@pytest.mark.parametrize(("pin_id", "version"), [("a b", 1), ("", 1), ("a", 0), ("a", 2**63)])
def test_an_impossible_deletion_is_refused(memory: MemoryPublisher, pin_id: str, version: int) -> None:
    with pytest.raises(EventInvalid):
        memory.delete(pin_id, version)

    assert memory.flush() == ()


def test_lanes_and_prefix_choose_the_topic() -> None:
    assert MemoryPublisher().topic == "pins.events"
    assert MemoryPublisher(lane="backfill", topic_prefix="test.").topic == "test.pins.events.backfill"


def test_partitions_are_javas(mock_kafka: str) -> None:
    with Publisher(mock_kafka, topic_prefix=f"{uuid.uuid4().hex}.") as publisher:
        deliveries = [publisher.publish(pin(f"pin_{number:x}" * (1 + number % 5))) for number in range(60)]

    for delivery in deliveries:
        assert delivery.result().partition == partition_of(delivery.pin_id.encode(), 4)


def test_an_unreachable_kafka_is_named_before_the_deadline_of_the_caller() -> None:
    publisher = Publisher(UNREACHABLE, kafka=QUICK)

    with pytest.raises(NotDelivered, match=r"127\.0\.0\.1:1.*refused") as caught:
        publisher.publish(pin()).result(20)

    assert isinstance(caught.value.__cause__, KafkaException)
    publisher.close()


def test_leaving_a_block_without_a_broker_does_not_wait_for_the_delivery_timeout() -> None:
    publisher = Publisher(UNREACHABLE, kafka={"delivery.timeout.ms": 3_600_000})  # an hour: the test would not end

    with pytest.raises(NotDelivered, match=r"no answer from Kafka within 2 s.*127\.0\.0\.1:1.*refused"), publisher:
        publisher.publish(pin()).result(2)


def test_a_program_without_logging_prints_no_line_of_librdkafkas() -> None:
    program = f"""if True:
        from pinstream import NotDelivered, Publisher
        try:
            with Publisher({UNREACHABLE!r}) as publisher:
                publisher.publish({pin()!r}).result(2)
        except NotDelivered as exc:
            print(exc)
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)

    assert UNREACHABLE in done.stdout
    assert done.stderr.splitlines() == ["not delivered: a"]


def test_the_address_of_a_web_page_is_refused_at_once() -> None:
    with (
        pytest.raises(ValueError, match=r"'http://127\.0\.0\.1:9092'; expected host:port, without http://"),
        Publisher("http://127.0.0.1:9092"),
    ):
        pass


def test_result_gives_up_at_its_own_deadline(memory: MemoryPublisher) -> None:
    memory.memory.hold()
    delivery = memory.publish(pin())

    with pytest.raises(NotDelivered, match="no answer"):
        delivery.result(0.01)

    memory.memory.release()
    assert delivery.result(10).pin_id == "a"


async def test_a_cancelled_await_does_not_cancel_the_event(memory: MemoryPublisher) -> None:
    memory.memory.hold()
    delivery = memory.publish(pin())

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(delivery, 0.01)

    memory.memory.release()
    assert (await delivery).pin_id == "a"


def test_flush_says_which_pins_are_open(memory: MemoryPublisher) -> None:
    memory.memory.hold()
    memory.publish(pin("a"))
    memory.publish(pin("b"))

    assert memory.flush(0.01) == ("a", "b")
    memory.memory.release()
    assert memory.flush(10) == ()


def test_flush_says_once_which_pins_failed(memory: MemoryPublisher) -> None:
    memory.memory.fail(KafkaError(KafkaError._MSG_TIMED_OUT))
    memory.publish(pin("a"))

    assert memory.flush(10) == ("a",)
    assert memory.flush(10) == ()


def test_flush_leaves_out_what_was_raised_already_or_published_again(memory: MemoryPublisher) -> None:
    memory.memory.fail(KafkaError(KafkaError._MSG_TIMED_OUT))
    with pytest.raises(NotDelivered):
        memory.publish(pin("raised")).result(10)
    again = memory.publish(pin("again"))
    wait_for(again.failed)
    memory.memory.fail(None)
    memory.publish(pin("again"))

    assert memory.flush(10) == ()


async def test_leaving_a_block_with_undelivered_pins_raises() -> None:
    publisher = MemoryPublisher(kafka=QUICK)
    publisher.memory.fail(KafkaError(KafkaError._MSG_TIMED_OUT))

    with pytest.raises(NotDelivered, match="1 pins were not delivered: a"):
        async with publisher:
            publisher.publish(pin())


def test_leaving_a_block_by_an_exception_keeps_that_exception() -> None:
    publisher = MemoryPublisher(kafka=QUICK)
    publisher.memory.fail(KafkaError(KafkaError._MSG_TIMED_OUT))

    with pytest.raises(ZeroDivisionError), publisher:
        publisher.publish(pin())
        raise ZeroDivisionError


def test_closing_fails_every_open_delivery(tight: MemoryPublisher) -> None:
    tight.memory.hold()
    deliveries = [tight.publish(pin(f"p{number}")) for number in range(2)]

    assert tight.close(0) == ("p0", "p1")
    assert tight.close(0) == ()
    for delivery in deliveries:
        with pytest.raises(NotDelivered):
            delivery.result(10)


def test_plain_code_blocks_until_there_is_room(tight: MemoryPublisher) -> None:
    tight.memory.hold()
    for number in range(2):
        tight.publish(pin(f"p{number}"))
    third = threading.Thread(target=tight.publish, args=(pin("p2"),))
    third.start()

    tight.memory.release()
    third.join(10)

    assert tight.flush(10) == ()
    assert [record.pin_id for record in tight.records] == ["p0", "p1", "p2"]


def test_without_room_before_the_deadline_publish_raises(tight: MemoryPublisher) -> None:
    tight.memory.hold()
    for number in range(2):
        tight.publish(pin(f"p{number}"))

    with pytest.raises(NotDelivered, match=r"no room within 0\.3 s: 2 events"):
        tight.publish(pin("p2"))


async def test_under_an_event_loop_waiting_for_room_is_awaiting(tight: MemoryPublisher) -> None:
    tight.memory.hold()
    deliveries = [tight.publish(pin(f"p{number}")) for number in range(6)]

    assert not any(delivery.done() for delivery in deliveries)
    tight.memory.release()
    delivered = await asyncio.gather(*deliveries)

    assert [delivery.offset for delivery in delivered] == list(range(6))


async def test_without_room_before_the_deadline_the_await_raises(tight: MemoryPublisher) -> None:
    tight.memory.hold()
    deliveries = [tight.publish(pin(f"p{number}")) for number in range(3)]

    with pytest.raises(NotDelivered, match="no room"):
        await deliveries[2]


def test_memory_is_bounded_by_bytes_too_but_one_event_always_fits() -> None:
    publisher = MemoryPublisher(kafka={"queue.buffering.max.kbytes": 1, "delivery.timeout.ms": 200})
    publisher.memory.hold()

    publisher.publish(pin("large", title="x" * 500, link="y" * 2000))
    with pytest.raises(NotDelivered, match="no room"):
        publisher.publish(pin("small"))

    publisher.memory.release()
    publisher.close()


def test_a_full_client_is_waited_for_not_raised(memory: MemoryPublisher) -> None:
    memory.memory.refuse(BufferError("queue full"), times=3)

    memory.publish(pin())

    assert memory.flush(10) == ()
    assert len(memory.records) == 1


def test_after_a_fatal_error_the_client_is_replaced_and_nothing_is_lost(memory: MemoryPublisher) -> None:
    memory.publish(pin("before")).result(10)
    memory.memory.refuse(KafkaException(KafkaError(KafkaError._FATAL, "idempotence lost", fatal=True)))

    memory.publish(pin("after"))

    assert memory.flush(10) == ()
    assert memory.memory.producers_opened == 2
    assert [record.pin_id for record in memory.records] == ["before", "after"]


ALL_CODES = sorted(
    {
        value
        for name in dir(KafkaError)
        if name.lstrip("_").isupper() and isinstance(value := getattr(KafkaError, name), int) and value != 0
    }
)


@pytest.mark.parametrize("place", ["answer", "produce"])
def test_every_error_of_the_library_is_translated(place: str) -> None:
    publisher = MemoryPublisher(kafka={"delivery.timeout.ms": 60_000})
    fail: Callable[[KafkaError], None] = (
        publisher.memory.fail if place == "answer" else lambda error: publisher.memory.refuse(KafkaException(error))
    )
    for code in ALL_CODES:
        if code == KafkaError._FATAL:
            continue
        fail(KafkaError(code))
        with pytest.raises((NotDelivered, EventInvalid)) as caught:
            publisher.publish(pin()).result(10)
        assert isinstance(caught.value, PinstreamError)
        assert isinstance(caught.value.__cause__, KafkaException)
    publisher.close()


def test_kafkas_refusal_of_the_record_itself_is_invalid(memory: MemoryPublisher) -> None:
    memory.memory.fail(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE))

    with pytest.raises(EventInvalid, match="Kafka refuses it"):
        memory.publish(pin()).result(10)


def test_a_wrong_setting_names_itself() -> None:
    with pytest.raises(ValueError, match=r"acks\.of\.kindness"):
        Publisher(UNREACHABLE, kafka={"acks.of.kindness": "all"}).publish(pin())


def test_another_partitioner_is_refused() -> None:
    with pytest.raises(ValueError, match="murmur2_random"):
        Publisher(UNREACHABLE, kafka={"partitioner": "consistent_random"})


def test_kafkas_own_keys_pass_through_under_either_name() -> None:
    publisher = Publisher(UNREACHABLE, kafka={"message.timeout.ms": 250, "security.protocol": "plaintext"})

    with pytest.raises(NotDelivered):
        publisher.publish(pin()).result(20)
    publisher.close()


def test_a_delivery_without_a_deadline_is_waited_for() -> None:
    with MemoryPublisher(kafka={"delivery.timeout.ms": 0, "queue.buffering.max.messages": 1}) as publisher:
        deliveries = [publisher.publish(pin(f"p{number}")) for number in range(3)]

    assert all(delivery.result() for delivery in deliveries)


def test_callbacks_may_publish_even_without_room(tight: MemoryPublisher) -> None:
    tight.memory.hold()
    first = tight.publish(pin("first"))
    tight.publish(pin("second"))

    def publish_more(_delivery: Delivery) -> None:
        for number in range(5):
            tight.publish(pin(f"more{number}"))

    first.add_done_callback(publish_more)

    tight.memory.release()

    assert tight.flush(10) == ()
    assert len(tight.records) == 7


def test_flush_returns_after_every_callback_has_run(memory: MemoryPublisher) -> None:
    seen: list[int] = []
    for version in range(1, 51):
        memory.publish(pin(version=version)).add_done_callback(lambda delivery: seen.append(delivery.version))
        memory.flush(10)
        assert seen[-1] == version


def test_closing_ends_the_wait_for_room() -> None:
    publisher = MemoryPublisher(kafka={"queue.buffering.max.messages": 1, "delivery.timeout.ms": 60_000})
    publisher.memory.hold()
    publisher.publish(pin("first"))
    raised: list[str] = []

    def wait_for_room() -> None:
        try:
            publisher.publish(pin("second"))
        except NotDelivered as exc:
            raised.append(str(exc))

    waiting = threading.Thread(target=wait_for_room)
    waiting.start()
    wait_for(lambda: "second" in publisher.flush(0))
    publisher.close(0)
    waiting.join(10)

    assert raised == ["pin 'second': the publisher was closed before there was room for it"]


def test_callbacks_see_the_finished_delivery(memory: MemoryPublisher) -> None:
    seen: list[bool] = []

    memory.publish(pin()).add_done_callback(lambda delivery: seen.append(delivery.failed()))
    memory.flush(10)

    assert seen == [False]


FORK = """
import os, sys
from pinstream import Publisher
pin = {"pin_id": "a", "image": {"url": "https://example.org/a.jpg"}, "domain": "web"}
publisher = Publisher(sys.argv[1], topic_prefix=sys.argv[2])
publisher.publish(pin).result(20)
child = os.fork()
publisher.publish(pin).result(20)
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
FORGETFUL = """
import sys
from pinstream import Publisher
publisher = Publisher(sys.argv[1], topic_prefix=sys.argv[2])
publisher.publish({"pin_id": "a", "image": {"url": "https://example.org/a.jpg"}, "domain": "web"})
"""


@pytest.mark.parametrize(("program", "records"), [(FORK, 3), (FORGETFUL, 1)], ids=["fork", "forgetful"])
def test_programs_that_fork_or_forget_to_close_lose_nothing(mock_kafka: str, program: str, records: int) -> None:
    prefix = f"{uuid.uuid4().hex}."

    subprocess.run([sys.executable, "-c", program, mock_kafka, prefix], check=True, timeout=60)

    assert len(stored(mock_kafka, f"{prefix}pins.events", records)) == records


def test_an_event_object_is_published_with_current_state(memory: MemoryPublisher) -> None:
    event = event_from(pin(version=5, price=12.5, currency="EUR"))

    memory.publish(event).result(10)

    assert memory.events == [event]
    assert isinstance(memory.events[0], PinEvent)
