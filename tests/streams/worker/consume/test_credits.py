"""How much may be held."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinstream.lanes import Lane
from streams.worker.consume.credits import Credits


def test_the_live_lane_keeps_its_reserve() -> None:
    credits = Credits(max_records=4, max_bytes=400, reserved=2)

    credits.take("backfill", 10)
    credits.take("backfill", 10)

    assert not credits.available("backfill")
    assert credits.available("live")


def test_bytes_bound_as_records_do() -> None:
    credits = Credits(max_records=100, max_bytes=1000)

    credits.take("live", 1000)

    assert not credits.available("live")
    credits.give_back("live", 1000)
    assert credits.available("live")


def test_a_waiting_lane_wakes_when_a_credit_comes_back() -> None:
    credits = Credits(max_records=1, max_bytes=100)
    credits.take("live", 1)
    woken = threading.Event()

    def wait() -> None:
        if credits.wait("live", 10):
            woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    credits.give_back("live", 1)
    thread.join()

    assert woken.is_set()


def test_waiting_ends_without_a_credit() -> None:
    credits = Credits(max_records=1, max_bytes=100)
    credits.take("live", 1)

    assert not credits.wait("live", 0.01)


def test_a_reserve_that_leaves_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 3, not 4"):
        Credits(max_records=4, max_bytes=1, reserved=4)


@given(
    sizes=st.lists(st.tuples(st.sampled_from(["live", "backfill"]), st.integers(1, 500)), max_size=60),
    reserved=st.integers(0, 7),
)
def test_what_is_held_stays_within_one_record_of_the_limits(sizes: list[tuple[Lane, int]], reserved: int) -> None:
    credits = Credits(max_records=8, max_bytes=1000, reserved=reserved)

    for lane, size_bytes in sizes:
        if credits.available(lane):
            credits.take(lane, size_bytes)

    assert credits.held_records <= 8
    assert credits.held_bytes < 1000 + 500
