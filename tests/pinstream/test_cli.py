"""The command line, on librdkafka's mock cluster."""

import json
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import Result
from confluent_kafka import Consumer, Producer, TopicPartition
from typer.testing import CliRunner

from pinstream.cli import app
from pinstream.events import PinDeletion, PinEvent, PinOutcome, decode_event

TOPIC_PARTITIONS = 4
GOOD = '{"pin_id": "a", "image": {"url": "http://x/a.jpg"}, "domain": "web", "version": 3}'


@pytest.fixture
def prefix() -> str:
    return f"{uuid.uuid4().hex}."


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stack's file above, and no address in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("PINSTREAM_KAFKA", "PINSTREAM_KAFKA__SERVERS", "PINSTREAM_TOPIC_PREFIX"):
        monkeypatch.delenv(name, raising=False)


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
        batch = consumer.consume(count, 10)
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


def tell(kafka: str, topic: str, *values: bytes | None) -> None:
    producer = Producer({"bootstrap.servers": kafka, "log_level": 0})
    for value in values:
        producer.produce(topic, value, b"a")
    assert producer.flush(10) == 0


@contextmanager
def worker(kafka: str, prefix: str, **changes: Any) -> Iterator[dict[str, bytes]]:
    """Fetches the pictures of ``pins.events`` and reports outcomes, until left; gives what it fetched."""
    tell(kafka, f"{prefix}pins.indexed", outcome("somebody-else"))
    tell(kafka, f"{prefix}pins.events", b"not an event")
    fetched: dict[str, bytes] = {}
    over = threading.Event()

    def work() -> None:
        consumer = assigned(kafka, f"{prefix}pins.events")
        while not over.is_set():
            message = consumer.poll(0.1)
            if message is None or message.value() == b"not an event":
                continue
            event = decode_event(message.key(), message.value())
            assert isinstance(event, PinEvent)
            fetched[event.pin_id] = event.image.inline_bytes() or get(event.image.url or "")
            tell(kafka, f"{prefix}pins.indexed", outcome(event.pin_id, version=event.version, **changes))
        consumer.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield fetched
    finally:
        over.set()
        thread.join()


def get(url: str) -> bytes:
    place = urlsplit(url)
    connection = HTTPConnection(place.netloc, timeout=10)
    connection.request("GET", place.path)
    body = connection.getresponse().read()
    connection.close()
    return body


def pictures(folder: Path, **sizes: int) -> Path:
    folder.mkdir()
    for name, size in sizes.items():
        (folder / f"{name}.jpg").write_bytes(name.encode() * size)
    return folder


def test_lines_from_standard_input_are_published(mock_kafka: str, prefix: str) -> None:
    done = run("publish", "-", "--kafka", mock_kafka, "--topic-prefix", prefix, stdin=f"{GOOD}\n\n{GOOD}\n")

    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 delivered")
    events = published(mock_kafka, f"{prefix}pins.events", 2)
    assert [(event.pin_id, event.version) for event in events] == [("a", 3), ("a", 3)]


def test_bad_lines_are_named_and_the_rest_is_published(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    file = tmp_path / "pins.jsonl"
    file.write_text(f'{GOOD}\n{{"pin_id": "b", "image": {{}}, "domain": "web"}}\noops\n{GOOD}\n')

    done = run("publish", "--jsonl", str(file), "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 1
    assert "2 delivered, 2 refused" in done.stdout
    assert "line 2: $.image:" in done.stderr
    assert "line 3: $: not JSON" in done.stderr


def test_options_reach_the_events(mock_kafka: str, prefix: str) -> None:
    lines = "".join(f'{{"pin_id": "p{number}", "image": {{"url": "http://x"}}}}\n' for number in range(5))

    options = ["--domain", "catalog", "--backfill", "--count", "2", "--rate", "1000", "--topic-prefix", prefix]
    done = run("publish", "-", "--kafka", mock_kafka, *options, stdin=lines)

    assert done.exit_code == 0, done.output
    events = published(mock_kafka, f"{prefix}pins.events.backfill", 2)
    assert {(event.pin_id, getattr(event, "domain", "")) for event in events} == {("p0", "catalog"), ("p1", "catalog")}


def test_small_pictures_travel_inside_and_nothing_is_waited_for(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", one=10, two=20)

    done = run("publish", "--images", str(folder), "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    events = published(mock_kafka, f"{prefix}pins.events", 2)
    inside = {event.pin_id: event.image.inline_bytes() for event in events if isinstance(event, PinEvent)}
    assert inside == {"one": b"one" * 10, "two": b"two" * 20}


def test_larger_pictures_are_served_until_their_pins_are_settled(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", small=1, large=30_000)

    with worker(mock_kafka, prefix) as fetched:
        done = run("publish", "--images", str(folder), "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    assert "serving 1 pictures" in done.stderr
    assert done.stdout.splitlines()[1] == "2 indexed"
    assert fetched == {"small": b"small", "large": b"large" * 30_000}


def test_dead_pins_are_named_with_their_reason(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", broken=1)

    with worker(mock_kafka, prefix, outcome="dead", reason="no picture [in it]"):
        done = run("publish", "--images", str(folder), "--wait", "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 1
    assert "1 dead" in done.stdout
    assert "dead: broken: no picture [in it]" in done.stderr


def test_waiting_ends_without_a_worker_where_asked_to(mock_kafka: str, prefix: str) -> None:
    tell(mock_kafka, f"{prefix}pins.indexed", outcome("a", version=99))
    tell(mock_kafka, f"{prefix}pins.events", b"not an event")

    options = ["--wait", "--wait-at-most", "0.2", "--topic-prefix", prefix]
    done = run("publish", "-", "--kafka", mock_kafka, *options, stdin=GOOD)

    assert done.exit_code == 1
    assert "1 without an outcome so far" in done.stdout


def test_without_serving_all_pictures_travel_inside(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", large=30_000)

    done = run("publish", "--images", str(folder), "--no-serve", "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    (event,) = published(mock_kafka, f"{prefix}pins.events", 1)
    assert isinstance(event, PinEvent)
    assert event.image.inline_bytes() == b"large" * 30_000


def test_a_folder_served_elsewhere_is_only_named(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", one=1)

    options = ["--base-url", "https://cdn.example.org/p", "--topic-prefix", prefix]
    done = run("publish", "--images", str(folder), "--kafka", mock_kafka, *options)

    assert done.exit_code == 0, done.output
    (event,) = published(mock_kafka, f"{prefix}pins.events", 1)
    assert isinstance(event, PinEvent)
    assert event.image.url == "https://cdn.example.org/p/one.jpg"


def test_serving_on_ends_with_ctrl_c(mock_kafka: str, prefix: str, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "pins", large=30_000)
    command = [sys.executable, "-m", "pinstream", "publish", "--kafka", mock_kafka, "--topic-prefix", prefix]
    command += ["--images", str(folder), "--no-wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        said = next(line for line in running.stderr if line.startswith("serving"))
        (event,) = published(mock_kafka, f"{prefix}pins.events", 1)
        assert isinstance(event, PinEvent)

        assert get(event.image.url or "") == b"large" * 30_000
        running.send_signal(signal.SIGINT)

        assert running.wait(20) == 0
    assert "Ctrl-C to stop" in said


@pytest.mark.parametrize(
    "arguments",
    [
        ["publish"],
        ["publish", "--jsonl", "missing.jsonl"],
        ["publish", "--images", "missing"],
        ["publish", "--images", "."],
        ["publish", "+"],
        ["publish", "-", "--rate", "0"],
        ["publish", "-", "--domain", "pinboard"],
        ["publish", "-", "-X", "nonsense"],
        ["publish", "-", "-X", "no.such.key=1"],
        ["delete"],
        ["delete", "a b"],
        ["delete", "a", "--version", "0"],
        ["watch", "--limit", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_status_2(mock_kafka: str, arguments: list[str]) -> None:
    assert run(*arguments, "--kafka", mock_kafka).exit_code == 2


def test_without_any_address_the_ways_to_give_one_are_named() -> None:
    done = run("delete", "a")

    assert done.exit_code == 2
    assert "PINSTREAM_KAFKA" in done.stderr


@pytest.mark.parametrize("variable", ["PINSTREAM_KAFKA", "PINSTREAM_KAFKA__SERVERS"])
def test_the_environment_and_the_local_stack_name_kafka_too(
    mock_kafka: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    (tmp_path / ".local").mkdir()
    stack = tmp_path / ".local" / "stack.json"
    stack.write_text(json.dumps({"endpoints": {"kafka": mock_kafka}}))
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    by_stack = run("delete", "a", "--topic-prefix", prefix)
    stack.write_text(json.dumps({"endpoints": {"kafka": "127.0.0.1:1"}}))
    monkeypatch.setenv(variable, mock_kafka)
    by_environment = run("delete", "a", "--topic-prefix", prefix)

    assert by_stack.exit_code == 0, by_stack.output
    assert by_environment.exit_code == 0, by_environment.output


def test_a_kafka_that_is_away_is_said_at_once() -> None:
    done = run("delete", "a", "--kafka", "127.0.0.1:1")

    assert done.exit_code == 1
    assert "no Kafka at 127.0.0.1:1" in done.stderr


def test_deleting_publishes_tombstones(mock_kafka: str, prefix: str) -> None:
    done = run("delete", "a", "b", "--version", "7", "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    assert "2 of 2 deletions delivered" in done.stdout
    deleted = published(mock_kafka, f"{prefix}pins.events", 2)
    assert sorted(deleted, key=lambda each: each.pin_id) == [PinDeletion("a", 7), PinDeletion("b", 7)]


def test_watching_prints_lines_and_percentiles(mock_kafka: str, prefix: str) -> None:
    topic = f"{prefix}pins.indexed"
    dead = outcome("b[red]", offset=1, outcome="dead", reason="host says [404]", visible_at_ms=None)
    tell(mock_kafka, topic, outcome("a", visible_at_ms=None), outcome("a"), None, b"no outcome", dead)

    done = run("watch", "--from-start", "--limit", "2", "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    _, first, second, *table = done.stdout.splitlines()
    assert "indexed" in first
    assert "found after 65 ms" in first
    assert "queue 3.0 · embed 20.5" in first
    assert "b[red]" in second
    assert "host says [404]" in second
    assert any("searchable" in row and "65.0" in row for row in table)
    assert any("2 pins, 1 dead, 1 unreadable" in row for row in table)


def test_watching_as_json_is_one_object_per_line(mock_kafka: str, prefix: str) -> None:
    tell(mock_kafka, f"{prefix}pins.indexed", *(outcome(f"p{number}") for number in range(3)))

    done = run("watch", "--from-start", "--json", "--limit", "2", "--kafka", mock_kafka, "--topic-prefix", prefix)

    assert done.exit_code == 0, done.output
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["pin_id"], second["pin_id"]) == ("p0", "p1")
    assert first["freshness_ms"] == 65


def test_watching_without_news_says_what_it_waits_for(mock_kafka: str, prefix: str) -> None:
    tell(mock_kafka, f"{prefix}pins.indexed", outcome("old"))
    command = [sys.executable, "-m", "pinstream", "watch", "--kafka", mock_kafka, "--topic-prefix", prefix]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        first_line = running.stdout.readline()
        running.send_signal(signal.SIGINT)

        assert running.wait(20) == 0
    assert "no pin settled yet" in first_line


def test_a_missing_topic_is_said_at_once(mock_kafka: str) -> None:
    done = run("watch", "--kafka", mock_kafka, "--topic-prefix", "never-made.")

    assert done.exit_code == 1
    assert "no topic never-made.pins.indexed" in done.stderr


def test_help_of_every_command_says_what_the_exit_status_means() -> None:
    for command in ("publish", "delete"):
        assert "Exit status 0" in " ".join(run(command, "--help").stdout.split())
