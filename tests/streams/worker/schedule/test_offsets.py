"""Which offsets may be committed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.worker.schedule.offsets import OffsetTracker


def test_nothing_is_committable_before_the_first_record_finishes() -> None:
    tracker = OffsetTracker()

    tracker.add(7)

    assert tracker.offset_to_commit() is None
    assert tracker.unfinished == 1


def test_only_the_finished_prefix_is_committable() -> None:
    tracker = OffsetTracker()
    for offset in (3, 4, 9):
        tracker.add(offset)

    tracker.finish(9)
    tracker.finish(3)

    assert tracker.offset_to_commit() == 4
    tracker.finish(4)
    assert tracker.offset_to_commit() == 10


def test_a_committed_offset_is_not_committed_again_unless_the_commit_failed() -> None:
    tracker = OffsetTracker()
    tracker.add(0)
    tracker.finish(0)

    tracker.mark_committed(1)
    assert tracker.offset_to_commit() is None
    tracker.mark_committed(None)
    assert tracker.offset_to_commit() == 1


def test_records_out_of_order_are_refused() -> None:
    tracker = OffsetTracker()
    tracker.add(5)

    with pytest.raises(ValueError, match="offset 5 is added after 5"):
        tracker.add(5)


def test_the_oldest_unfinished_record_gives_its_timestamp() -> None:
    tracker = OffsetTracker()
    tracker.add(0, timestamp_ms=100)
    tracker.add(1, timestamp_ms=200)

    tracker.finish(0)

    assert tracker.oldest_ms == 200


@given(gaps=st.lists(st.integers(1, 5), min_size=1, max_size=40), data=st.data())
def test_every_committable_offset_has_only_finished_records_below(gaps: list[int], data: st.DataObject) -> None:
    offsets = [sum(gaps[: each + 1]) for each in range(len(gaps))]
    tracker, finished, begun = OffsetTracker(), set[int](), set[int]()
    steps = data.draw(st.permutations([("begin", each) for each in offsets] + [("finish", each) for each in offsets]))
    to_begin = iter(offsets)

    for step, offset in steps:
        if step == "begin":
            following = next(to_begin)
            tracker.add(following)
            begun.add(following)
        elif offset in begun:
            tracker.finish(offset)
            finished.add(offset)
        committable = tracker.offset_to_commit()
        unfinished = begun - finished
        assert tracker.unfinished == len(unfinished)
        if committable is not None:
            assert all(each >= committable for each in unfinished)
            assert committable == 1 + max(
                each for each in finished if all(other > each for other in unfinished)
            )  # and it is the largest such offset
