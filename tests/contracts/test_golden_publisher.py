"""A publisher sends the good golden examples and refuses the bad ones before it sends them."""

from pinstream.errors import EventInvalid
from pinstream.events import PinDeletion, decode_event
from pinstream.testing import MemoryPublisher
from tests.contracts.golden import Example, bad_examples, good_examples


def publish(example: Example) -> MemoryPublisher:
    with MemoryPublisher() as publisher:
        if example.value is None:
            publisher.delete((example.key or b"").decode(), example.version)
        elif example.fields is not None:
            publisher.publish(example.fields)
    return publisher


def test_there_are_examples_of_both_kinds() -> None:
    assert len(good_examples()) >= 10
    assert len(bad_examples()) >= 30


def test_good_examples_are_read_back_as_they_were_published() -> None:
    wrong = {}

    for example in good_examples():
        record = publish(example).records[0]
        sent = decode_event(record.key, record.value, headers=record.headers, timestamp_ms=record.timestamp_ms)
        given = decode_event(example.key, example.value, headers=example.headers, timestamp_ms=example.timestamp_ms)
        if sent != given or (sent.pin_id, sent.version) != (example.pin_id, example.version):
            wrong[example.name] = sent, given

    assert wrong == {}


# A publisher fills in versions and times, makes the key itself, and never sees a tombstone's headers as text.
FILLED_IN = {"no-version", "no-created-at", "key-differs", "key-missing", "key-not-utf8"}


def test_bad_examples_are_refused_before_they_are_sent() -> None:
    publisher = MemoryPublisher()
    accepted, paths = [], {}

    for example in bad_examples():
        if example.fields is not None and example.name not in FILLED_IN:
            try:
                publisher.publish(example.fields)
            except EventInvalid as exc:
                if exc.path != ("$.pin_id" if example.path == "key" else example.path):
                    paths[example.name] = exc.path
            else:
                accepted.append(example.name)

    assert (accepted, paths) == ([], {})
    assert publisher.records == []


def test_a_deletion_is_a_deletion() -> None:
    deletions = [example for example in good_examples() if example.value is None]

    assert deletions
    for example in deletions:
        assert publish(example).events == [PinDeletion(example.pin_id, example.version)], example.name
