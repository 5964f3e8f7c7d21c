"""One operation in flight per pin."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from pinstream.lanes import LANES, Lane
from streams.worker.schedule.pin_queue import PinQueue


@dataclass(frozen=True)
class Job:
    pin: str
    version: int
    lane: Lane = "live"
    deletes: bool = False


def test_a_newer_event_waits_for_the_one_in_flight() -> None:
    order = PinQueue[Job]()
    order.admit(Job("a", 1))
    assert order.begin("live") == Job("a", 1)

    order.admit(Job("a", 2))

    assert order.begin("live") is None
    order.finish("a")
    assert order.begin("live") == Job("a", 2)


def test_a_newer_event_replaces_one_that_waits() -> None:
    order = PinQueue[Job]()
    order.admit(Job("a", 1))

    assert order.admit(Job("a", 2)) == Job("a", 1)
    assert order.begin("live") == Job("a", 2)
    assert order.waiting == 0


def test_an_older_event_never_replaces_a_newer_one_that_waits() -> None:
    order = PinQueue[Job]()
    order.admit(Job("a", 2))

    assert order.admit(Job("a", 1)) == Job("a", 1)
    assert order.begin("live") == Job("a", 2)


def test_of_equal_versions_the_later_one_stays() -> None:
    order = PinQueue[Job]()
    order.admit(Job("a", 1))

    assert order.admit(Job("a", 1, "backfill")) == Job("a", 1)
    assert order.begin("live") is None
    assert order.begin("backfill") == Job("a", 1, "backfill")


def test_of_equal_versions_a_deletion_stays_whichever_came_first() -> None:
    order = PinQueue[Job]()
    order.admit(Job("a", 1, deletes=True))

    assert order.admit(Job("a", 1)) == Job("a", 1)
    assert order.begin("live") == Job("a", 1, deletes=True)


def test_dropped_work_never_begins() -> None:
    order = PinQueue[Job]()
    order.admit(Job("a", 1))
    order.admit(Job("b", 1))

    assert list(order.drop(lambda job: job.pin == "a")) == [Job("a", 1)]
    assert order.begin("live") == Job("b", 1)
    assert order.begin("live") is None


jobs = st.builds(Job, pin=st.sampled_from("abc"), version=st.integers(1, 4), lane=st.sampled_from(LANES))


@given(steps=st.lists(st.one_of(jobs, st.sampled_from(["live", "backfill", "finish"])), max_size=80))
def test_no_pin_is_ever_in_flight_twice_and_no_work_disappears(steps: list[Job | str]) -> None:
    order = PinQueue[Job]()
    flying: list[Job] = []
    admitted = done = 0

    for step in steps:
        if isinstance(step, Job):
            admitted += 1
            done += order.admit(step) is not None
        elif step == "finish":
            if flying:
                order.finish(flying.pop(0).pin)
                done += 1
        elif (begun := order.begin("live" if step == "live" else "backfill")) is not None:
            flying.append(begun)
        pins = [job.pin for job in flying]
        assert len(pins) == len(set(pins))
        assert admitted == done + len(flying) + order.waiting

    while flying or order.waiting:
        for job in flying:
            order.finish(job.pin)
        flying = [begun for lane in LANES for _ in range(3) if (begun := order.begin(lane)) is not None]
        assert flying or not order.waiting
