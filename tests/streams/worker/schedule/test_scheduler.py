"""What is begun when, and what may be committed after it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetch.errors import FetchRefused
from inference.errors import ModelMismatch
from pinstream.lanes import LANES, Lane
from streams.errors import Abandoned
from streams.worker.consume.credits import Credits
from streams.worker.protocols import FlightPermit
from streams.worker.record import ConsumedRecord, OffsetsWentBack, ReachedEnd
from streams.worker.schedule.assignments import Assignments
from streams.worker.schedule.permits import InFlightLimits
from streams.worker.schedule.scheduler import Scheduler
from streams.worker.task import PinTask, TaskResult
from tests.streams.fakes import Bench


@pytest.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    """Cancels the tasks that a test left running."""
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


INDEXED = TaskResult(outcome="indexed")


@dataclass
class Desk:
    """A scheduler, and the stages around it: tasks end when the test says so, outcomes are published at once."""

    total: int = 2
    backfill: int = 1
    running: dict[str, "asyncio.Future[TaskResult]"] = field(default_factory=dict)
    permits: dict[str, FlightPermit] = field(default_factory=dict)
    outcomes: list[tuple[str, str]] = field(default_factory=list)
    unacknowledged: list[Callable[[], None]] = field(default_factory=list)
    acknowledges: bool = True
    failures: list[BaseException] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.bench = Bench()
        self.assignments = Assignments()
        self.assignments.assign([0])
        self.credits = Credits(max_records=100, max_bytes=10**9)
        self.scheduler = Scheduler(
            processor=self,
            publisher=self,
            assignments=self.assignments,
            credits=self.credits,
            limits=InFlightLimits(total=self.total, backfill=self.backfill),
            fail=self.failures.append,
            on_finished=lambda: self.counts.update(["finished"]),
            on_abandoned=lambda: self.counts.update(["abandoned"]),
        )

    async def process(self, task: PinTask, permit: FlightPermit) -> TaskResult:
        self.permits[str(task.pin)] = permit
        self.running[str(task.pin)] = asyncio.get_running_loop().create_future()
        return await self.running[str(task.pin)]

    async def write_dead_letter(self, task: PinTask, error: Exception, *, unexpected: bool) -> TaskResult:
        return TaskResult(outcome="dead", reason="unexpected" if unexpected else "invalid")

    def publish_outcome(self, task: PinTask, result: TaskResult, on_acknowledged: Callable[[], None]) -> None:
        shown = result.reason if result.outcome == "dead" else result.outcome
        self.outcomes.append((str(task.pin), shown or ""))
        if self.acknowledges:
            on_acknowledged()
        else:
            self.unacknowledged.append(on_acknowledged)

    def submit(self, *pins: str, lane: Lane = "live", version: int = 1) -> list[ConsumedRecord]:
        """Records consumed from Kafka."""
        records = [self.bench.put(pin, version, lane=lane).record for pin in pins]
        for record in records:
            self.credits.take(record.lane, record.size_bytes)
        self.scheduler.submit(records)
        return records

    def again(self, old: ConsumedRecord, pin: str, *, offset: int) -> ConsumedRecord:
        """The log of the old record's partition was replaced, and this is the first record read from the new one."""
        record = replace(self.bench.put(pin, 1).record, offset=offset)
        self.credits.take(record.lane, record.size_bytes)
        back = OffsetsWentBack(old.lane, old.partition, expected=old.offset + 1, offset=offset)
        self.scheduler.submit([back, record])
        return record

    async def end(self, pin: str, result: TaskResult | BaseException = INDEXED) -> None:
        """The pin's task ends."""
        if isinstance(result, BaseException):
            self.running.pop(pin).set_exception(result)
        else:
            self.running.pop(pin).set_result(result)
        await run_ready_tasks()

    def committable(self) -> int | None:
        """The offset that may be committed on the live lane."""
        return self.assignments.offsets_to_commit("live").get(0)


async def run_ready_tasks() -> None:
    """Let every task run as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_pins_run_than_the_limit() -> None:
    desk = Desk(total=2)
    desk.submit("a", "b", "c")
    await run_ready_tasks()
    assert set(desk.running) == {"a", "b"}

    await desk.end("a")

    assert set(desk.running) == {"b", "c"}


async def test_live_begins_before_backfill_and_backfill_has_a_limit_of_its_own() -> None:
    desk = Desk(total=2, backfill=1)
    desk.submit("x", "y", lane="backfill")
    desk.submit("a", "b")
    await run_ready_tasks()

    assert set(desk.running) == {"x", "a"}
    await desk.end("x")
    assert set(desk.running) == {"a", "b"}


async def test_an_offset_is_committable_only_when_all_before_it_are_acknowledged() -> None:
    desk = Desk(total=3, acknowledges=False)
    records = desk.submit("a", "b", "c")
    await run_ready_tasks()
    await desk.end("b")
    await desk.end("a")
    assert desk.committable() is None

    desk.unacknowledged[0]()
    assert desk.committable() is None
    desk.unacknowledged[1]()

    assert desk.committable() == records[1].offset + 1
    assert desk.credits.held_records == 1


async def test_a_newer_event_supersedes_one_that_waits() -> None:
    desk = Desk(total=1)
    desk.submit("a")
    await run_ready_tasks()
    desk.submit("b", version=1)
    desk.submit("b", version=2)

    await desk.end("a")
    await desk.end("b")

    assert desk.outcomes == [("b", "superseded"), ("a", "indexed"), ("b", "indexed")]
    assert desk.scheduler.queued == 0


async def test_invalid_pins_become_dead_letters_and_unexpected_errors_are_marked() -> None:
    desk = Desk()
    records = desk.submit("a", "b")
    await run_ready_tasks()

    await desk.end("a", FetchRefused("404"))
    await desk.end("b", ZeroDivisionError("bug"))

    assert desk.outcomes == [("a", "invalid"), ("b", "unexpected")]
    assert desk.committable() == records[-1].offset + 1
    assert desk.failures == []


async def test_a_fatal_error_stops_everything_uncommitted() -> None:
    desk = Desk(total=1)
    desk.submit("a", "b")
    await run_ready_tasks()

    await desk.end("a", ModelMismatch("another version"))

    assert [type(failure) for failure in desk.failures] == [ModelMismatch]
    assert desk.outcomes == []
    assert desk.committable() is None


async def test_draining_finishes_what_has_begun_and_drops_what_waits() -> None:
    desk = Desk(total=1)
    records = desk.submit("a", "b")
    await run_ready_tasks()
    draining = asyncio.create_task(desk.scheduler.drain([0], deadline_s=30))
    await run_ready_tasks()
    desk.submit("late")

    await desk.end("a")
    await draining

    assert desk.committable() == records[0].offset + 1
    assert desk.running == {}
    assert desk.counts["abandoned"] == 2
    assert desk.credits.held_records == 0


async def test_draining_waits_for_the_outcome_too() -> None:
    desk = Desk(acknowledges=False)
    desk.submit("a")
    await run_ready_tasks()
    draining = asyncio.create_task(desk.scheduler.drain([0], deadline_s=30))
    await desk.end("a")
    assert not draining.done()

    desk.unacknowledged[0]()
    await run_ready_tasks()

    assert draining.done()


async def test_draining_ends_at_its_deadline() -> None:
    desk = Desk()
    desk.submit("a")
    await run_ready_tasks()

    await desk.scheduler.drain([0], deadline_s=0.01)
    desk.scheduler.abandon([0])
    await run_ready_tasks()

    assert desk.credits.held_records == 0
    assert desk.counts["abandoned"] == 1


async def test_lost_partitions_leave_no_task_and_no_offset() -> None:
    desk = Desk(total=1)
    desk.submit("a", "b")
    await run_ready_tasks()

    desk.scheduler.abandon([0])
    await run_ready_tasks()

    assert desk.outcomes == []
    assert desk.credits.held_records == 0
    assert len(desk.assignments) == 0


async def test_a_pin_abandoned_midway_is_not_committed_by_the_next_lease() -> None:
    desk = Desk(acknowledges=False)
    desk.submit("a")
    await run_ready_tasks()
    await desk.end("a")
    desk.scheduler.abandon([0])
    desk.assignments.assign([0])

    desk.unacknowledged[0]()

    assert desk.committable() is None
    assert desk.credits.held_records == 0


async def test_a_task_that_notices_the_loss_itself_is_abandoned() -> None:
    desk = Desk()
    desk.submit("a")
    await run_ready_tasks()

    await desk.end("a", Abandoned("partition 0"))

    assert (desk.outcomes, desk.counts["abandoned"]) == ([], 1)


async def test_everything_is_finished_at_the_end_of_the_partition() -> None:
    desk = Desk()
    (record,) = desk.submit("a")
    await run_ready_tasks()
    desk.scheduler.submit([ReachedEnd("live", 0, record.offset + 1), ReachedEnd("backfill", 0, 0)])
    assert desk.assignments.at_end
    assert desk.assignments.unfinished == 1

    await desk.end("a")

    assert desk.assignments.unfinished == 0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abcd"), st.integers(1, 4), st.sampled_from(LANES)),
        st.tuples(st.sampled_from(["end", "fail", "acknowledge", "abandon"])),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=60)
@given(steps=steps)
async def test_every_record_has_an_outcome_or_is_abandoned_or_held(
    steps: list[tuple[Any, ...]],
) -> None:
    desk = Desk(acknowledges=False)
    accepted = 0

    for step in steps:
        if step[0] == "put":
            accepted += 1
            desk.submit(step[1], version=step[2], lane=step[3])
            await run_ready_tasks()
        elif step[0] == "acknowledge" and desk.unacknowledged:
            desk.unacknowledged.pop(0)()
        elif step[0] in ("end", "fail") and desk.running:
            await desk.end(next(iter(desk.running)), INDEXED if step[0] == "end" else FetchRefused("404"))
        elif step[0] == "abandon":
            desk.running.clear()
            desk.scheduler.abandon([0])
            desk.assignments.assign([0])
            await run_ready_tasks()
        open_tasks = desk.credits.held_records - len(desk.unacknowledged)
        assert accepted == len(desk.outcomes) + desk.counts["abandoned"] + open_tasks

    while desk.running or desk.unacknowledged:
        for pin in list(desk.running):
            await desk.end(pin)
        while desk.unacknowledged:
            desk.unacknowledged.pop(0)()
        await run_ready_tasks()
    assert desk.credits.held_records == 0
    assert accepted == len(desk.outcomes) + desk.counts["abandoned"]


async def test_a_pin_that_waits_for_its_host_releases_its_permit_and_comes_back_before_others_begin() -> None:
    desk = Desk(total=1)
    desk.submit("slow", "b", "c")
    await run_ready_tasks()
    assert set(desk.running) == {"slow"}

    desk.permits["slow"].release()
    await run_ready_tasks()
    back = asyncio.ensure_future(desk.permits["slow"].reacquire())
    await run_ready_tasks()

    assert set(desk.running) == {"slow", "b"}
    assert not back.done(), "there is one permit, and b has it"
    await desk.end("b")
    assert back.done()
    assert set(desk.running) == {"slow"}
    await desk.end("slow")
    assert set(desk.running) == {"c"}


async def test_a_pin_that_ends_without_its_permit_frees_nothing_twice() -> None:
    desk = Desk(total=1)
    desk.submit("slow", "b", "c", "d")
    await run_ready_tasks()
    desk.permits["slow"].release()
    desk.permits["slow"].release()
    await run_ready_tasks()

    await desk.end("slow", TaskResult(outcome="dead", reason="fetch"))

    assert set(desk.running) == {"b"}
    await desk.end("b")
    assert set(desk.running) == {"c"}


async def test_records_of_a_topic_made_again_are_counted_from_its_beginning() -> None:
    desk = Desk(total=4)
    *_, last = desk.submit("a", "b", "c")
    await run_ready_tasks()
    for pin in "abc":
        await desk.end(pin)
    assert desk.committable() == last.offset + 1

    first = desk.again(last, "d", offset=0)

    assert desk.committable() == 0, "or a restart would begin at the old offset, and skip what lies below"
    await run_ready_tasks()
    await desk.end("d")
    assert desk.committable() == first.offset + 1


async def test_a_record_of_the_old_log_finishes_none_at_its_offset_in_the_new_one() -> None:
    desk = Desk(total=4)
    (old,) = desk.submit("a")
    await run_ready_tasks()
    desk.again(old, "d", offset=old.offset)
    await run_ready_tasks()

    await desk.end("a")

    assert desk.committable() == old.offset
    await desk.end("d")
    assert desk.committable() == old.offset + 1
    assert desk.credits.held_records == 0


async def test_the_end_of_a_partition_without_records_is_committed() -> None:
    desk = Desk()

    desk.scheduler.submit([ReachedEnd("live", 0, 5)])

    assert desk.committable() == 5


async def test_an_end_commits_nothing_beyond_what_is_finished() -> None:
    desk = Desk()
    (record,) = desk.submit("a")
    await run_ready_tasks()

    desk.scheduler.submit([ReachedEnd("live", 0, record.offset + 1)])

    assert desk.committable() is None
