"""A worker reads the golden examples as they say, and writes the dead letter headers of the contract."""

from pinstream.errors import EventInvalid
from pinstream.events import PinDeletion, PinEvent
from schemas.asyncapi import ERROR_HEADERS
from streams.worker.finish.dead_letters import error_headers
from streams.worker.record import ConsumedRecord, Lease
from streams.worker.task import PinTask, task_of
from tests.contracts.golden import Example, bad_examples, good_examples


def read_task(example: Example) -> PinTask:
    record = ConsumedRecord(
        lane="live",
        topic="pins.events",
        partition=3,
        offset=17,
        key=example.key,
        value=example.value,
        headers=example.headers,
        timestamp_ms=example.timestamp_ms,
    )
    return task_of(record, Lease(3, 0.0))


def test_good_examples_are_events_or_deletions() -> None:
    wrong = {}

    for example in good_examples():
        event = read_task(example).event
        kind = PinDeletion if example.value is None else PinEvent
        if not isinstance(event, kind) or (event.pin_id, event.version) != (example.pin_id, example.version):
            wrong[example.name] = event

    assert wrong == {}


def test_bad_examples_are_invalid_at_their_path() -> None:
    events = [(example, read_task(example).event) for example in bad_examples()]

    assert {
        example.name: event
        for example, event in events
        if not isinstance(event, EventInvalid) or event.path != example.path
    } == {}


def test_dead_letters_have_the_headers_of_the_contract() -> None:
    wrong = {}

    for example in bad_examples():
        task = read_task(example)
        assert isinstance(task.event, EventInvalid)
        headers = dict(error_headers(task.record, stage="event", error=task.event, unexpected=False))
        message = headers["__connect.errors.exception.message"] or b""
        if set(headers) != set(ERROR_HEADERS) or example.path.encode() not in message:
            wrong[example.name] = headers

    assert wrong == {}
