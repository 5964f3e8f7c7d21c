"""The golden examples, on the publishing side: what may be sent, and what is refused before it is."""

import pytest

from pinstream.errors import EventInvalid
from pinstream.events import PinDeletion, decode_event
from pinstream.testing import MemoryPublisher
from schemas.golden import Example, bad_examples, good_examples


def named(example: Example) -> str:
    return example.name


def published(example: Example) -> MemoryPublisher:
    with MemoryPublisher() as publisher:
        if example.value is None:
            publisher.delete((example.key or b"").decode(), example.version)
        elif example.fields is not None:
            publisher.publish(example.fields)
    return publisher


def test_there_are_examples_of_both_kinds() -> None:
    assert len(good_examples()) >= 10
    assert len(bad_examples()) >= 30


@pytest.mark.parametrize("example", good_examples(), ids=named)
def test_a_good_example_can_be_published_and_read_back_the_same(example: Example) -> None:
    record = published(example).records[0]

    sent = decode_event(record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
    given = decode_event(example.key, example.value, headers=example.headers, timestamp_ms=example.timestamp_ms)

    assert (sent.pin_id, sent.version) == (example.pin_id, example.version)
    assert sent == given


# A publisher fills in versions and times, makes the key itself, and never sees a tombstone's headers as text.
FILLED_IN = {"no-version", "no-created-at", "key-differs", "key-missing", "key-not-utf8"}


@pytest.mark.parametrize(
    "example",
    [example for example in bad_examples() if example.fields is not None and example.name not in FILLED_IN],
    ids=named,
)
def test_a_bad_example_is_refused_before_it_is_sent(example: Example) -> None:
    publisher = MemoryPublisher()

    with pytest.raises(EventInvalid) as caught:
        publisher.publish(example.fields or {})

    assert caught.value.path == ("$.pin_id" if example.path == "key" else example.path)
    assert publisher.records == []


@pytest.mark.parametrize("example", [example for example in good_examples() if example.value is None], ids=named)
def test_a_deletion_is_a_deletion(example: Example) -> None:
    assert published(example).events == [PinDeletion(example.pin_id, example.version)]
