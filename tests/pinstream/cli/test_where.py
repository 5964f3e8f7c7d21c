"""``where``: the verdict from what each source says, and the sources on librdkafka's mock cluster."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from confluent_kafka import Producer
from rich.console import Console

from pinstream.cli.where.pin_sources import PinSources, ask_watch, find_dead_letter, read_topics
from pinstream.cli.where.pin_status import DeadLetterPosition, GroupPosition, PinStatus
from pinstream.cli.where.view import print_status
from pinstream.events import PinOutcome, event_from
from pinstream.kafka.connection import Connection
from pinstream.kafka.last_records import find_last_records
from pinstream.kafka.topic_reader import TopicReader
from pinstream.search.hits import PinTrace
from pinstream.standing import EventPosition
from pinstream.store.collection import Row, tombstone
from tests.pinstream.cli.commands import outcome as encoded_outcome

NOW_MS = 1_800_000_000_000


def rows(version: int = 3) -> tuple[Row, ...]:
    return (Row(pin_id="a", slot=0, alive=True, code=bytes(32), version=version, published_at_ms=NOW_MS),)


def trace(*held: Row, found: bool = False) -> PinTrace:
    return PinTrace(pin_id="a", rows=held, found=found, asked_at_ms=NOW_MS + 5_000)


def event(version: int | None = 3, **changes: Any) -> EventPosition:
    fields: dict[str, Any] = {
        "topic": "pins.events", "partition": 1, "offset": 40, "is_deletion": False, "published_at_ms": NOW_MS,
    }  # fmt: skip
    return EventPosition(version=version, **(fields | changes))


def outcome(**changes: Any) -> PinOutcome:
    return PinOutcome.decode(encoded_outcome("a", **({"version": 3, "partition": 1, "offset": 40} | changes)))


def queue(*, committed: int | None = 28, members: int = 1, owner: str = "worker-7 at 10.0.0.3") -> GroupPosition:
    return GroupPosition(group="pinstream", committed=committed, members=members, owner=owner)


@pytest.mark.parametrize(
    ("sources", "stage", "sentence"),
    [
        ({"trace": trace(*rows(), found=True)}, "searchable", "a search finds it now"),
        ({"trace": trace(*rows())}, "visible soon", "no search finds it yet"),
        ({"trace": trace(tombstone("a", 0, 5, at_ms=1))}, "deleted", "deleted, up to version 5"),
        ({"trace": trace()}, "unpublished", "never published"),
        ({"trace": trace(), "notes": ("no topic x",)}, "unknown", "not indexed yet, or dead"),
        ({"trace": trace(), "event": event(), "queue": queue(members=0, owner="")}, "queue",
         "stuck in the queue, 12 records before it: no worker runs in group 'pinstream'"),
        ({"trace": trace(), "event": event(), "queue": queue(owner="")}, "queue", "has partition 1"),
        ({"trace": trace(), "event": event(), "queue": queue(committed=39)}, "queue", "queue, 1 record before it"),
        ({"trace": trace(), "event": event(), "queue": queue(committed=40)}, "worker",
         "in flight or next: worker-7 at 10.0.0.3"),
        ({"trace": trace(), "event": event(), "queue": queue(committed=41)}, "unknown", "index audit"),
        ({"trace": trace(*rows(2), found=True), "event": event(3), "outcome": outcome(version=2, offset=12),
          "queue": queue()},
         "queue", "Searches find an older version until then"),
        ({"trace": trace(), "event": event(), "outcome": outcome(outcome="dead", reason="fetch: 404", attempts=7)},
         "dead", "dead after 7 attempts: fetch: 404. `python -m streams dead-letters replay --pin a`"),
        ({"trace": trace(), "event": event(None), "fault": "$.domain",
          "outcome": outcome(version=None, outcome="dead")},
         "dead", "dead after 1 attempt"),
        ({"trace": trace(), "event": event(), "outcome": outcome()}, "not indexed", "audit --repair"),
        ({"trace": trace(), "event": event(is_deletion=True), "outcome": outcome(outcome="deleted")},
         "deleted", "a sweep has removed"),
        ({"trace": trace(*rows(), found=True), "event": event(is_deletion=True), "outcome": outcome(offset=12),
          "queue": queue()}, "queue", "in the queue"),
        ({"trace": trace(*rows(), found=True), "event": event(7, is_deletion=True, offset=5), "queue": queue(),
          "outcome": outcome(version=7, offset=5, topic="pins.events.backfill")}, "unknown", "index audit"),
        ({"trace": trace(), "event": event(8, offset=29), "queue": queue(),
          "outcome": outcome(version=7, offset=30, outcome="superseded")}, "queue", "1 record before it"),
        ({"trace": trace(), "event": event(offset=41, republished=1), "queue": queue(committed=41),
          "outcome": outcome(outcome="dead")}, "worker", "in flight or next"),
        ({"trace": trace(*rows(2), found=True), "event": event(3), "outcome": outcome(outcome="superseded")},
         "superseded", "at version 2; version 3 is accounted for"),
    ],
)  # fmt: skip
def test_the_verdict_says_where_the_pin_is(sources: dict[str, Any], stage: str, sentence: str) -> None:
    found, text = PinStatus(asked_for_event=True, **sources).verdict

    assert found == stage
    assert sentence in text


def test_one_screen_shows_everything() -> None:
    status = PinStatus(
        trace=trace(*rows(2)),
        event=event(),
        fault="$.domain: [bad]",
        outcome=outcome(outcome="dead", reason="fetch: [404]", worker="w1"),
        queue=queue(),
        dead_letter=DeadLetterPosition(
            topic="pins.dead", partition=0, offset=7, stage="fetch", error="E", message="[404]"
        ),
        asked_for_event=True,
        sources=("the watch at http://w",),
        notes=("not read to its beginning",),
    )
    console = Console(width=140, record=True)

    print_status(status, console)

    text = console.export_text()
    for part in (
        "dead after 1 attempt", "event version 3 at pins.events[1]@40", "$.domain: [bad]", "committed up to 28",
        "queue 3.0 · embed 20.5", "fetch: [404]", "pins.dead[0]@7, in fetch", "0 (whole)", "the watch at http://w",
        "not read to its beginning",
    ):  # fmt: skip
        assert part in text
    assert json.loads(json.dumps(status.as_json()))["dead_letter"]["offset"] == 7


@pytest.fixture
def to(mock_kafka: str, prefix: str) -> Connection:
    return Connection(mock_kafka, {}, prefix)


def put(to: Connection, topic: str, *records: tuple[str, bytes | None], headers: Any = ()) -> None:
    producer = Producer({"bootstrap.servers": to.address, "partitioner": "murmur2_random", "log_level": 0})
    for key, value in records:
        producer.produce(to.topic_prefix + topic, key=key, value=value, headers=list(headers))
    assert producer.flush(10) == 0


def silent(_topic: str) -> Any:
    return lambda _done, _total: None


def pin_event(pin: str, version: int) -> bytes:
    return event_from(
        {"pin_id": pin, "version": version, "domain": "web", "image": {"url": "https://e.org/a"}}
    ).encode()


def test_the_newest_event_and_outcome_are_found_in_the_pins_own_partition(to: Connection) -> None:
    noise = [(f"n{number}", pin_event(f"n{number}", 1)) for number in range(1_500)]
    put(to, "pins.events", ("a", pin_event("a", 1)), *noise[:700], ("a", pin_event("a", 2)), *noise[700:])
    put(to, "pins.events.backfill", ("a", pin_event("a", 1)))
    put(
        to,
        "pins.indexed",
        ("a", encoded_outcome("a", version=1)),
        ("a", encoded_outcome("a", version=2, visible_at_ms=None)),
    )
    found = PinSources()

    read_topics(to, "a", found, for_s=30, start=silent)

    assert found.event is not None
    assert (found.event.version, found.event.topic) == (2, f"{to.topic_prefix}pins.events")
    assert found.outcome is not None
    assert (found.outcome.version, found.notes) == (2, [])


def test_reading_that_runs_out_of_time_is_reported_as_incomplete(to: Connection) -> None:
    put(to, "pins.events", *[(f"n{number}", b"x") for number in range(4_000)])

    with TopicReader(to, f"{to.topic_prefix}pins.events") as reader:
        found = find_last_records(reader, "a", until_s=time.monotonic() - 1, advance=lambda _done, _total: None)

    assert (found.records, found.complete) == ((), False)


def test_the_dead_letter_is_the_one_of_that_event(to: Connection) -> None:
    for offset in (b"12", b"40"):
        origin = [("topic", b"pins.events"), ("offset", offset), ("stage", b"fetch"), ("exception.message", offset)]
        put(to, "pins.dead", ("a", b"x"), headers=[(f"__connect.errors.{name}", value) for name, value in origin])
    found = PinSources()

    find_dead_letter(to, outcome(outcome="dead"), found, for_s=30, start=silent)

    assert found.dead_letter is not None
    assert (found.dead_letter.message, found.dead_letter.stage) == ("40", "fetch")


@pytest.fixture
def watch() -> Iterator[str]:
    """Knows the pin ``a`` only."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/pins/a"
            body = {
                "partition": 1,
                "event": {
                    "version": 3,
                    "kind": "pin",
                    "lane": "live",
                    "offset": 40,
                    "published_at_ms": NOW_MS,
                    "republished": 0,
                },
                "outcome": None,
            }
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(json.dumps(body if known else {}).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_the_watch_is_asked_first_and_need_not_answer(watch: str) -> None:
    known, unknown, away = PinSources(), PinSources(), PinSources()

    answers = [ask_watch(watch, "a", known), ask_watch(watch, "b", unknown), ask_watch("http://127.0.0.1:1", "a", away)]

    assert answers == [True, False, False]
    assert known.event == event()
    assert unknown.notes == []
    assert "did not answer" in away.notes[0]
