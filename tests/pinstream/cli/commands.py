"""What the tests of the command line share: the command itself, and the other ends of its topics."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from confluent_kafka import Consumer, Producer, TopicPartition
from typer.testing import CliRunner, Result

from pinstream.cli import app
from pinstream.events import PinDeletion, PinEvent, PinOutcome, decode_event

TOPIC_PARTITIONS = 4


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


def assigned(kafka: str, topic: str) -> Consumer:
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "test", "enable.auto.commit": False, "log_level": 0})
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(TOPIC_PARTITIONS)])
    return consumer


def published(kafka: str, topic: str, count: int) -> list[PinEvent | PinDeletion]:
    consumer = assigned(kafka, topic)
    messages: list[Any] = []
    while len(messages) < count:
        batch = consumer.consume(count, 60)
        assert batch
        messages += batch
    consumer.close()
    return [decode_event(message.key(), message.value(), headers=message.headers()) for message in messages]


def outcome(pin_id: str, **changes: Any) -> bytes:
    fields: dict[str, Any] = {
        "pin_id": pin_id,
        "version": 1,
        "outcome": "indexed",
        "objects": 2,
        "embedding_version": 1,
        "topic": "pins.events",
        "partition": 0,
        "offset": 0,
        "published_at_ms": 1_000,
        "finished_at_ms": 1_060,
        "visible_at_ms": 1_065,
        "stages_ms": {"queue": 3.0, "embed": 20.5},
    }
    return PinOutcome(**(fields | changes)).encode()


def write(kafka: str, topic: str, *values: bytes | None) -> None:
    producer = Producer({"bootstrap.servers": kafka, "log_level": 0})
    for value in values:
        producer.produce(topic, value, b"a")
    assert producer.flush(60) == 0


@contextmanager
def worker(kafka: str, prefix: str, **changes: Any) -> Iterator[dict[str, bytes]]:
    """Fetches the pictures of ``pins.events`` and writes outcomes while the block runs; yields what it fetched."""
    write(kafka, f"{prefix}pins.indexed", outcome("somebody-else"))
    write(kafka, f"{prefix}pins.events", b"not an event")
    fetched: dict[str, bytes] = {}
    stopped = threading.Event()

    def work() -> None:
        consumer = assigned(kafka, f"{prefix}pins.events")
        while not stopped.is_set():
            message = consumer.poll(0.1)
            if message is None or message.value() == b"not an event":
                continue
            event = decode_event(message.key(), message.value())
            assert isinstance(event, PinEvent)
            fetched[event.pin_id] = event.image.inline_bytes() or get(event.image.url or "")
            position = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
            finished = outcome(event.pin_id, version=event.version, **position, **changes)
            write(kafka, f"{prefix}pins.indexed", finished)
        consumer.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield fetched
    finally:
        stopped.set()
        thread.join()


def get(url: str) -> bytes:
    place = urlsplit(url)
    connection = HTTPConnection(place.netloc, timeout=60)
    connection.request("GET", place.path)
    body = connection.getresponse().read()
    connection.close()
    return body


def pictures(folder: Path, **sizes: int) -> Path:
    folder.mkdir()
    for name, size in sizes.items():
        (folder / f"{name}.jpg").write_bytes(name.encode() * size)
    return folder
