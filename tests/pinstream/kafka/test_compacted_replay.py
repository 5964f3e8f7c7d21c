"""An event that is published again never takes the place of a newer one of its pin."""

import json
from dataclasses import replace

import pytest
from confluent_kafka import Producer

from pinstream.kafka.compacted_replay import CompactedReplay, deletion_record, rank_of
from pinstream.kafka.connection import Connection
from pinstream.kafka.errors import NewerEventLost
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from pinstream.kafka.topic_reader import TopicReader


def event(pin_id: str, version: int, topic: str) -> StoredRecord:
    fields = {
        "pin_id": pin_id, "version": version, "image": {"url": "https://pictures/a.jpg"}, "domain": "web",
        "created_at": "2026-11-23T20:00:00Z",
    }  # fmt: skip
    return StoredRecord(
        topic=topic, partition=0, offset=0, key=pin_id.encode(), value=json.dumps(fields).encode(),
        headers=[("own", b"1")], timestamp_ms=1_700_000_000_000,
    )  # fmt: skip


class Lane:
    """One topic, used by one test."""

    def __init__(self, to: Connection) -> None:
        self.to, self.topic = to, f"{to.topic_prefix}pins.events.backfill"
        self._producer = Producer({"bootstrap.servers": to.address, "partitioner": "murmur2_random", "log_level": 0})
        self.publish(StoredRecord(topic=self.topic, partition=0, offset=0, key=b"not a pin", value=b"", headers=[],
                                  timestamp_ms=0))  # fmt: skip

    def publish(self, record: StoredRecord) -> None:
        self._producer.produce(record.topic, record.value, record.key, headers=list(record.headers))
        assert self._producer.flush(10) == 0

    def read(self) -> list[StoredRecord]:
        with TopicReader(self.to, self.topic) as reader:
            return list(reader.read(reader.offset_ranges()))

    def last(self, pin_id: str) -> StoredRecord:
        return [record for record in self.read() if record.key == pin_id.encode()][-1]

    def ends(self) -> dict[int, int]:
        with TopicReader(self.to, self.topic) as reader:
            return {span.partition: span.end for span in reader.offset_ranges()}


class OvertakenReplayer(Replayer):
    """Another producer's events arrive just before each of the first records."""

    def __init__(self, lane: Lane, *earlier: StoredRecord) -> None:
        super().__init__(lane.to)
        self._lane, self._earlier = lane, list(earlier)

    def publish(self, record: StoredRecord) -> None:
        if self._earlier:
            self._lane.publish(self._earlier.pop(0))
        super().publish(record)


@pytest.fixture
def lane(mock_kafka: str, prefix: str) -> Lane:
    return Lane(Connection(mock_kafka, {"log_level": 0}, prefix))


def test_a_pin_with_a_newer_event_is_left_out(lane: Lane) -> None:
    begins = lane.ends()
    lane.publish(event("a", 2, lane.topic))
    lane.publish(deletion_record(lane.topic, "b", 1))
    again = [replace(event(pin, 1, lane.topic), offset=offset) for offset, pin in enumerate("abc")]

    with Replayer(lane.to) as replayer, CompactedReplay(lane.to, lane.topic, begins, replayer) as replay:
        published = replay.publish(again)

    assert published == [(0, 2)]
    assert (lane.last("a").value, lane.last("b").value) == (event("a", 2, lane.topic).value, None)
    assert (lane.last("c").value, lane.last("c").headers) == (again[2].value, again[2].headers)


def test_a_newer_event_that_came_in_between_is_published_once_more_unchanged(lane: Lane) -> None:
    deleted = deletion_record(lane.topic, "a", 3)
    replayer = OvertakenReplayer(lane, event("a", 2, lane.topic), event("a", 3, lane.topic), deleted)

    with replayer, CompactedReplay(lane.to, lane.topic, lane.ends(), replayer) as replay:
        published = replay.publish([event("a", 1, lane.topic)])

    found = [record for record in lane.read() if record.key == b"a"]
    assert published == [(0, 0)]
    assert [rank_of(record) for record in found] == [
        (2, False), (1, False), (3, False), (2, False), (3, True), (3, False), (3, True)
    ]  # fmt: skip
    assert found[-1].headers == deleted.headers


def test_a_newer_event_that_is_gone_before_it_is_published_once_more_is_named(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    replayer = OvertakenReplayer(lane, event("a", 2, lane.topic))
    monkeypatch.setattr(TopicReader, "read_at", lambda _reader, _positions: iter(()))  # as after compaction

    with (
        replayer,
        CompactedReplay(lane.to, lane.topic, lane.ends(), replayer) as replay,
        pytest.raises(NewerEventLost) as lost,
    ):
        replay.publish([event("a", 1, lane.topic)])

    newer = next(record for record in lane.read() if record.key == b"a")
    assert f"a ({lane.topic}[{newer.partition}]@{newer.offset})" in str(lost.value)


def test_an_older_event_that_comes_in_between_changes_nothing(lane: Lane) -> None:
    replayer, mine = OvertakenReplayer(lane, event("a", 1, lane.topic)), event("a", 2, lane.topic)

    with replayer, CompactedReplay(lane.to, lane.topic, lane.ends(), replayer) as replay:
        replay.publish([mine])

    assert [record.value for record in lane.read() if record.key == b"a"][1:] == [mine.value]
