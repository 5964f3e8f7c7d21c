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
    queue = PinQueue[Job]()
    queue.admit(Job("a", 1))
    assert queue.begin("live") == Job("a", 1)

    queue.admit(Job("a", 2))

    assert queue.begin("live") is None
    queue.release("a")
    assert queue.begin("live") == Job("a", 2)


def test_a_newer_event_replaces_one_that_waits() -> None:
    queue = PinQueue[Job]()
    queue.admit(Job("a", 1))

    assert queue.admit(Job("a", 2)) == Job("a", 1)
    assert queue.begin("live") == Job("a", 2)
    assert queue.queued == 0


def test_an_older_event_never_replaces_a_newer_one_that_waits() -> None:
    queue = PinQueue[Job]()
    queue.admit(Job("a", 2))

    assert queue.admit(Job("a", 1)) == Job("a", 1)
    assert queue.begin("live") == Job("a", 2)


def test_of_equal_versions_the_later_one_stays() -> None:
    queue = PinQueue[Job]()
    queue.admit(Job("a", 1))

    assert queue.admit(Job("a", 1, "backfill")) == Job("a", 1)
    assert queue.begin("live") is None
    assert queue.begin("backfill") == Job("a", 1, "backfill")


def test_of_equal_versions_a_deletion_stays_whichever_came_first() -> None:
    queue = PinQueue[Job]()
    queue.admit(Job("a", 1, deletes=True))

    assert queue.admit(Job("a", 1)) == Job("a", 1)
    assert queue.begin("live") == Job("a", 1, deletes=True)


def test_dropped_work_never_begins() -> None:
    queue = PinQueue[Job]()
    queue.admit(Job("a", 1))
    queue.admit(Job("b", 1))

    assert list(queue.drop(lambda job: job.pin == "a")) == [Job("a", 1)]
    assert queue.begin("live") == Job("b", 1)
    assert queue.begin("live") is None


jobs = st.builds(Job, pin=st.sampled_from("abc"), version=st.integers(1, 4), lane=st.sampled_from(LANES))


@given(steps=st.lists(st.one_of(jobs, st.sampled_from(["live", "backfill", "finish"])), max_size=80))
def test_no_pin_is_ever_in_flight_twice_and_no_work_disappears(steps: list[Job | str]) -> None:
    queue = PinQueue[Job]()
    flying: list[Job] = []
    admitted = done = 0

    for step in steps:
        if isinstance(step, Job):
            admitted += 1
            done += queue.admit(step) is not None
        elif step == "finish":
            if flying:
                queue.release(flying.pop(0).pin)
                done += 1
        elif (begun := queue.begin("live" if step == "live" else "backfill")) is not None:
            flying.append(begun)
        pins = [job.pin for job in flying]
        assert len(pins) == len(set(pins))
        assert admitted == done + len(flying) + queue.queued

    while flying or queue.queued:
        for job in flying:
            queue.release(job.pin)
        flying = [begun for lane in LANES for _ in range(3) if (begun := queue.begin(lane)) is not None]
        assert flying or not queue.queued
