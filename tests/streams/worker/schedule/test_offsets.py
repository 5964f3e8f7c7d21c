"""Which offsets may be committed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.worker.schedule.offsets import OffsetTracker


def test_nothing_is_committable_before_the_first_record_finishes() -> None:
    progress = OffsetTracker()

    progress.begin(7)

    assert progress.uncommitted() is None
    assert progress.unfinished == 1


def test_only_the_finished_prefix_is_committable() -> None:
    progress = OffsetTracker()
    for offset in (3, 4, 9):
        progress.begin(offset)

    progress.finish(9)
    progress.finish(3)

    assert progress.uncommitted() == 4
    progress.finish(4)
    assert progress.uncommitted() == 10


def test_a_committed_offset_is_not_committed_again_unless_the_commit_failed() -> None:
    progress = OffsetTracker()
    progress.begin(0)
    progress.finish(0)

    progress.committed(1)
    assert progress.uncommitted() is None
    progress.committed(None)
    assert progress.uncommitted() == 1


def test_records_out_of_order_are_refused() -> None:
    progress = OffsetTracker()
    progress.begin(5)

    with pytest.raises(ValueError, match="offset 5 begins after 5"):
        progress.begin(5)


def test_the_oldest_unfinished_record_tells_its_time() -> None:
    progress = OffsetTracker()
    progress.begin(0, timestamp_ms=100)
    progress.begin(1, timestamp_ms=200)

    progress.finish(0)

    assert progress.oldest_ms == 200


@given(gaps=st.lists(st.integers(1, 5), min_size=1, max_size=40), data=st.data())
def test_every_committable_offset_has_only_finished_records_below(gaps: list[int], data: st.DataObject) -> None:
    offsets = [sum(gaps[: each + 1]) for each in range(len(gaps))]
    progress, finished, begun = OffsetTracker(), set[int](), set[int]()
    steps = data.draw(st.permutations([("begin", each) for each in offsets] + [("finish", each) for each in offsets]))
    to_begin = iter(offsets)

    for step, offset in steps:
        if step == "begin":
            following = next(to_begin)
            progress.begin(following)
            begun.add(following)
        elif offset in begun:
            progress.finish(offset)
            finished.add(offset)
        committable = progress.uncommitted()
        unfinished = begun - finished
        assert progress.unfinished == len(unfinished)
        if committable is not None:
            assert all(each >= committable for each in unfinished)
            assert committable == 1 + max(
                each for each in finished if all(other > each for other in unfinished)
            )  # and it is the largest such offset
