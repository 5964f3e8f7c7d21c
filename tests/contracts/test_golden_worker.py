"""The golden examples, on the reading side: what a worker makes of each record, and what it says of a dead one."""

import pytest

from pinstream.errors import EventInvalid
from pinstream.events import PinDeletion, PinEvent
from schemas.asyncapi import ERROR_HEADERS
from schemas.golden import Example, bad_examples, good_examples
from streams.worker.finish.dead_letters import error_headers
from streams.worker.record import ConsumedRecord, Lease
from streams.worker.task import PinTask, task_of


def named(example: Example) -> str:
    return example.name


def taken(example: Example) -> PinTask:
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


@pytest.mark.parametrize("example", good_examples(), ids=named)
def test_a_good_example_is_an_event_or_a_deletion(example: Example) -> None:
    event = taken(example).event

    assert isinstance(event, PinDeletion if example.value is None else PinEvent)
    assert (event.pin_id, event.version) == (example.pin_id, example.version)


@pytest.mark.parametrize("example", bad_examples(), ids=named)
def test_a_bad_example_is_invalid_where_it_says(example: Example) -> None:
    event = taken(example).event

    assert isinstance(event, EventInvalid)
    assert event.path == example.path


@pytest.mark.parametrize("example", bad_examples(), ids=named)
def test_a_dead_letter_has_the_headers_that_the_contract_names(example: Example) -> None:
    work = taken(example)
    assert isinstance(work.event, EventInvalid)

    headers = dict(error_headers(work.record, stage="event", error=work.event, unexpected=False))

    assert set(headers) == set(ERROR_HEADERS)
    assert example.path.encode() in (headers["__connect.errors.exception.message"] or b"")
