"""Partitions are read as they grow, and a group's offsets are read without joining it."""

import time

import pytest

from pinstream.kafka.admin import KafkaAdmin
from pinstream.kafka.connection import Connection
from pinstream.kafka.consumer_group import ConsumerGroup, lane_group
from pinstream.kafka.errors import KafkaRefused, KafkaUnreachable, TopicMissing
from pinstream.kafka.live_reader import LiveReader
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord


def publish(to: Connection, topic: str, *values: bytes, at_ms: int = 1_700_000_000_000) -> None:
    with Replayer(to) as replayer:
        for value in values:
            replayer.publish(
                StoredRecord(
                    topic=topic, partition=0, offset=0, key=b"k", value=value, headers=[("h", b"1"), ("h", None)],
                    timestamp_ms=at_ms,
                )
            )  # fmt: skip


def read(reader: LiveReader, count: int) -> list[StoredRecord]:
    found: list[StoredRecord] = []
    deadline_s = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline_s:
        found += reader.read(0.5)
    return found


@pytest.fixture
def to(mock_kafka: str, prefix: str) -> Connection:
    return Connection(mock_kafka, {"log_level": 0}, prefix)


def test_records_come_from_where_reading_begins_and_as_they_are_written(to: Connection) -> None:
    topic = f"{to.topic_prefix}t"
    publish(to, topic, b"old", b"first")

    with LiveReader(to.client_settings(), name="test") as reader:
        ranges = reader.offset_ranges(topic)
        assert reader.count_partitions(topic) == len(ranges)
        filled = next(each for each in ranges if each.size)
        reader.assign({(topic, filled.partition): filled.begin + 1})
        first = read(reader, 1)
        publish(to, topic, b"second")
        second = read(reader, 1)

    assert [record.value for record in first + second] == [b"first", b"second"]
    assert second[0].headers == [("h", b"1"), ("h", None)]
    assert (second[0].offset, second[0].timestamp_ms) == (2, 1_700_000_000_000)
    assert (reader.trouble, reader.is_connected) == ("", True)


def test_the_ends_of_partitions_are_reported_if_asked_for(to: Connection) -> None:
    topic = f"{to.topic_prefix}t"
    publish(to, topic, b"only")

    with LiveReader(to.client_settings(), name="test", report_ends=True) as reader:
        positions = {(topic, each.partition): each.end for each in reader.offset_ranges(topic)}
        reader.assign(positions)
        assert read(reader, 1) == [] or reader.ended == positions.keys()

    assert reader.ended == positions.keys()


def test_a_group_goes_on_where_it_has_committed(to: Connection) -> None:
    topic = f"{to.topic_prefix}t"
    publish(to, topic, b"1", at_ms=1_000)
    publish(to, topic, b"2", b"3", at_ms=2_000)
    admin, group = KafkaAdmin(to.client_settings()), ConsumerGroup(to.client_settings(), lane_group("g", "backfill"))
    ends = admin.ends([(topic, number) for number in range(admin.partition_counts()[topic])])
    filled = next(partition for partition, end in ends.items() if end)

    assert group.name == "g.backfill"
    assert group.committed(ends) == {}
    group.commit_since(ends, since_ms=2_500)
    assert group.committed(ends) == ends
    assert ends[filled] == 3


def test_a_server_that_does_not_answer_is_named() -> None:
    unreachable = Connection("127.0.0.1:1", {})

    with pytest.raises(KafkaUnreachable, match=r"no Kafka at 127\.0\.0\.1:1: .*refused") as caught:
        unreachable.topics()

    assert not isinstance(caught.value, KafkaRefused | TopicMissing)
