"""How old the oldest unfinished record is, as far as this worker can know."""

from streams.worker.schedule.assignments import Assignments, LanePosition


def position(*timestamps_ms: int, finished: int = 0, at_end: bool = False) -> LanePosition:
    found = LanePosition(at_end=at_end)
    for offset, timestamp_ms in enumerate(timestamps_ms):
        found.tracker.add(offset, timestamp_ms=timestamp_ms)
    for offset in range(finished):
        found.tracker.finish(offset)
    return found


def test_the_oldest_is_the_first_that_is_not_finished() -> None:
    assert position(10, 20, 30, finished=1).oldest_ms == 20


def test_a_partition_read_to_its_end_and_finished_has_none() -> None:
    assert position(10, 20, finished=2, at_end=True).oldest_ms is None
    assert position(at_end=True).oldest_ms is None


def test_what_was_not_consumed_is_no_older_than_what_was_consumed_last() -> None:
    assert position(10, 20, finished=2).oldest_ms == 20


def test_the_oldest_of_all_partitions_counts_for_each_lane() -> None:
    assignments = Assignments()
    assignments.assign([0, 1])
    for partition, found in ((0, position(50)), (1, position(40))):
        assignment = assignments.get(partition)
        assert assignment is not None
        assignment.lanes["backfill"] = found
        assignment.lanes["live"].at_end = True

    assert assignments.oldest_ms("backfill") == 40
    assert assignments.oldest_ms("live") is None
