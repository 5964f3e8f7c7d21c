"""The golden examples, on the reading side: what a worker makes of each record."""

import pytest

from pinstream.errors import EventInvalid
from pinstream.events import PinDeletion, PinEvent, decode_event
from schemas.golden import Example, bad_examples, good_examples


def named(example: Example) -> str:
    return example.name


@pytest.mark.parametrize("example", good_examples(), ids=named)
def test_a_good_example_is_an_event_or_a_deletion(example: Example) -> None:
    event = decode_event(example.key, example.value, headers=example.headers, timestamp_ms=example.timestamp_ms)

    assert isinstance(event, PinDeletion if example.value is None else PinEvent)
    assert (event.pin_id, event.version) == (example.pin_id, example.version)


@pytest.mark.parametrize("example", bad_examples(), ids=named)
def test_a_bad_example_is_invalid_where_it_says(example: Example) -> None:
    with pytest.raises(EventInvalid) as caught:
        decode_event(example.key, example.value, headers=example.headers, timestamp_ms=example.timestamp_ms)

    assert caught.value.path == example.path
