"""One event on its way."""

from dataclasses import replace

from streams.worker.record import ConsumedRecord, Lease
from streams.worker.task import task_of


def record(partition: int, offset: int, value: bytes | None) -> ConsumedRecord:
    return ConsumedRecord(
        lane="live", topic="t", partition=partition, offset=offset, key=b"a", value=value, timestamp_ms=1
    )


def test_events_that_do_not_decode_are_ordered_with_nothing_not_even_at_one_offset_of_two_partitions() -> None:
    broken = [task_of(record(partition, 7, b"{"), Lease(partition, 0.0)) for partition in (0, 1)]

    assert len({task.pin for task in broken}) == 2


def test_a_deletion_deletes() -> None:
    assert task_of(record(0, 1, None), Lease(0, 0.0)).deletes
    assert not task_of(record(0, 1, b"{"), Lease(0, 0.0)).deletes


def test_headers_cost_credits_too() -> None:
    plain = record(0, 0, b"{}")

    assert replace(plain, headers=(("x", b"12345"), ("y", None))).size_bytes == plain.size_bytes + 7
