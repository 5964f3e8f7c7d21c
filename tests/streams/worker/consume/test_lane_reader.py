"""Reading one lane, on a scripted consumer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from streams.errors import KafkaFailed
from streams.worker.consume.credits import Credits
from streams.worker.consume.lane_reader import LaneReader, record_of
from streams.worker.record import Consumed, ConsumedRecord, OffsetsWentBack, ReachedEnd, RecordsLost


@dataclass
class Message:
    """What a poll returns."""

    at: int = 0
    error_code: int | None = None
    fatal: bool = False
    body: bytes | None = b"v"
    name: bytes | str | None = b"k"

    def error(self) -> KafkaError | None:
        return None if self.error_code is None else KafkaError(self.error_code, "why", self.fatal)

    def topic(self) -> str:
        return "pins.events"

    def partition(self) -> int:
        return 1

    def offset(self) -> int:
        return self.at

    def key(self) -> bytes | str | None:
        return self.name

    def value(self) -> bytes | None:
        return self.body

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        return [("ce_id", b"1"), ("empty", None)]

    def timestamp(self) -> tuple[int, int]:
        return 1, 1234


@dataclass
class Script:
    """A consumer that returns these messages, and remembers what was paused."""

    messages: list[Message] = field(default_factory=list)
    paused: set[int] = field(default_factory=set)
    low: int = 0
    away: bool = False

    def poll(self, _timeout_s: float) -> Message | None:
        return self.messages.pop(0) if self.messages and 1 not in self.paused else None

    def get_watermark_offsets(self, _partition: TopicPartition, timeout: float) -> tuple[int, int]:
        if self.away:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, f"nothing within {timeout} s"))
        return self.low, 1000

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused |= {each.partition for each in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused -= {each.partition for each in partitions}


class ScriptedLane:
    """A reader on a script, with two partitions assigned."""

    def __init__(self, *messages: Message, records: int = 10, committed: dict[int, int] | None = None) -> None:
        self.script = Script(list(messages))
        self.credits = Credits(max_records=records, max_bytes=10**6)
        self.waiting: frozenset[int] = frozenset()
        self.clock_s = 0.0
        self.submitted: list[Consumed] = []
        self.reader = LaneReader(
            cast(Consumer, self.script), "live", credits=self.credits,
            paused_partitions=lambda: self.waiting, submit=self._submit, monotonic=lambda: self.clock_s,
        )  # fmt: skip
        self.reader.assign(
            [TopicPartition("pins.events", 0), TopicPartition("pins.events", 1)], committed=committed or {}
        )

    def _submit(self, batch: Sequence[Consumed]) -> None:
        self.submitted.extend(batch)


def offsets(lane: ScriptedLane) -> list[int]:
    return [each.offset for each in lane.submitted if isinstance(each, ConsumedRecord)]


def test_everything_that_is_there_is_submitted_in_one_batch_with_its_credits_taken() -> None:
    lane = ScriptedLane(Message(1), Message(2), Message(3))

    lane.reader.poll()

    assert offsets(lane) == [1, 2, 3]
    assert lane.credits.held_records == 3


def test_without_credits_partitions_pause_and_resume_with_the_first_one() -> None:
    lane = ScriptedLane(Message(1), Message(2), records=1)
    lane.reader.poll()
    assert offsets(lane) == [1]

    lane.reader.poll()
    assert lane.script.paused == {0, 1}
    (record,) = lane.submitted
    assert isinstance(record, ConsumedRecord)
    lane.credits.give_back("live", record.size_bytes)
    lane.reader.poll()

    assert lane.script.paused == set()


def test_only_the_partitions_that_wait_for_a_service_pause() -> None:
    lane = ScriptedLane()
    lane.waiting = frozenset({1, 7})

    lane.reader.poll()
    assert lane.script.paused == {1}
    lane.waiting = frozenset()
    lane.reader.poll()

    assert lane.script.paused == set()


def test_a_partition_given_back_while_paused_is_read_when_it_comes_again() -> None:
    lane = ScriptedLane(Message(3))
    lane.waiting = frozenset({0, 1})
    lane.reader.poll()

    lane.reader.unassign([1])
    paused_after = set(lane.script.paused)
    lane.waiting = frozenset({0})
    lane.reader.assign([TopicPartition("pins.events", 1)], committed={})
    lane.reader.poll()

    assert paused_after == {0}, "librdkafka keeps a pause beyond the assignment"
    assert offsets(lane) == [3]


def test_the_end_of_a_partition_is_submitted_and_costs_no_credit() -> None:
    lane = ScriptedLane(Message(5, error_code=KafkaError._PARTITION_EOF))

    lane.reader.poll()

    assert lane.submitted == [ReachedEnd("live", 1, 5)]
    assert lane.credits.held_records == 0


def test_a_fatal_error_is_raised_and_others_are_not() -> None:
    ScriptedLane(Message(error_code=KafkaError._TRANSPORT)).reader.poll()

    with pytest.raises(KafkaFailed, match="why"):
        ScriptedLane(Message(error_code=KafkaError._FATAL, fatal=True)).reader.poll()


def test_a_record_keeps_every_byte() -> None:
    record = record_of(cast(KafkaMessage, Message(9, body=b"\xff\x00", name="text")), "backfill")

    assert record == ConsumedRecord(
        lane="backfill", topic="pins.events", partition=1, offset=9, key=b"text", value=b"\xff\x00",
        headers=[("ce_id", b"1"), ("empty", None)], timestamp_ms=1234,
    )  # fmt: skip


END = KafkaError._PARTITION_EOF


def without_records(lane: ScriptedLane) -> list[Consumed]:
    return [each for each in lane.submitted if not isinstance(each, ConsumedRecord)]


def test_offsets_that_go_back_are_reported_before_the_record_that_shows_it() -> None:
    lane = ScriptedLane(Message(7), Message(0), Message(1))

    lane.reader.poll()

    assert lane.submitted[1] == OffsetsWentBack("live", 1, expected=8, offset=0)
    assert offsets(lane) == [7, 0, 1]


def test_a_log_shorter_than_what_was_committed_is_reported_at_its_end() -> None:
    lane = ScriptedLane(Message(3, error_code=END), committed={1: 9})

    lane.reader.poll()

    assert lane.submitted == [OffsetsWentBack("live", 1, expected=9, offset=3), ReachedEnd("live", 1, 3)]


@pytest.mark.parametrize("first", [Message(30), Message(30, error_code=END)], ids=["record", "end"])
def test_offsets_removed_since_the_last_commit_are_reported_as_lost(first: Message) -> None:
    lane = ScriptedLane(first, committed={1: 10})
    lane.script.low = 25

    lane.reader.poll()

    assert RecordsLost("live", 1, start=10, count=15) in lane.submitted


def test_offsets_removed_while_it_reads_are_reported_as_lost() -> None:
    lane = ScriptedLane(Message(3), Message(8))
    lane.script.low = 8

    lane.reader.poll()

    assert without_records(lane) == [RecordsLost("live", 1, start=4, count=4)]


def test_gaps_of_compaction_and_of_transaction_markers_are_no_loss() -> None:
    lane = ScriptedLane(Message(12), Message(15), Message(17), Message(19, error_code=END), committed={1: 10})
    lane.script.low = 10

    lane.reader.poll()

    assert without_records(lane) == [ReachedEnd("live", 1, 19)]


def test_a_group_that_never_committed_may_begin_anywhere() -> None:
    lane = ScriptedLane(Message(40))
    lane.script.low = 40

    lane.reader.poll()

    assert without_records(lane) == []


def test_a_gap_is_checked_later_where_the_broker_does_not_answer() -> None:
    lane = ScriptedLane(Message(30), committed={1: 10})
    lane.script.low, lane.script.away = 30, True
    lane.reader.poll()
    assert without_records(lane) == []

    lane.script.away, lane.clock_s = False, 1.0
    lane.reader.poll()

    assert without_records(lane) == [RecordsLost("live", 1, start=10, count=20)]
