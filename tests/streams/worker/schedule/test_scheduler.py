"""What is begun when, and what may be committed after it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fetch.errors import FetchRefused
from inference.errors import ModelMismatch
from pinstream.lanes import LANES, Lane
from streams.errors import Abandoned
from streams.worker.consume.credits import Credits
from streams.worker.record import ConsumedRecord
from streams.worker.schedule.assignments import Assignments
from streams.worker.schedule.scheduler import InFlightLimits, ReachedEnd, Scheduler
from streams.worker.task import PinTask, TaskResult
from tests.streams.fakes import Bench


@pytest.fixture(autouse=True)
async def nothing_is_left() -> AsyncIterator[None]:
    """Ends the work that a test did not."""
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


INDEXED = TaskResult(result="indexed")


@dataclass
class Desk:
    """A dispatch whose work ends when the test says so."""

    total: int = 2
    backfill: int = 1
    running: dict[str, "asyncio.Future[TaskResult]"] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    undelivered: list[Callable[[], None]] = field(default_factory=list)
    delivers: bool = True
    failures: list[BaseException] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.bench = Bench()
        self.holdings = Assignments()
        self.holdings.grant([0])
        self.credits = Credits(max_records=100, max_bytes=10**9)
        self.dispatch = Scheduler(
            carry=self.carry,
            settle=self,
            holdings=self.holdings,
            credits=self.credits,
            places=InFlightLimits(total=self.total, backfill=self.backfill),
            fail=self.failures.append,
            on_finished=lambda: self.counts.update(["finished"]),
            on_abandoned=lambda: self.counts.update(["abandoned"]),
        )

    async def carry(self, work: PinTask) -> TaskResult:
        """Waits for the test."""
        self.running[str(work.pin)] = asyncio.get_running_loop().create_future()
        return await self.running[str(work.pin)]

    async def bury(self, work: PinTask, error: Exception, *, unexpected: bool) -> TaskResult:
        """See Settle."""
        return TaskResult(result="dead", reason="unexpected" if unexpected else "invalid")

    def tell(self, work: PinTask, settled: TaskResult, done: Callable[[], None]) -> None:
        """See Settle."""
        shown = settled.reason if settled.result == "dead" else settled.result
        self.told.append((str(work.pin), shown or ""))
        if self.delivers:
            done()
        else:
            self.undelivered.append(done)

    def accept(self, *pins: str, lane: Lane = "live", version: int = 1) -> list[ConsumedRecord]:
        """Records taken from Kafka."""
        records = [self.bench.put(pin, version, lane=lane).record for pin in pins]
        for record in records:
            self.credits.take(record.lane, record.size_bytes)
        self.dispatch.accept(records)
        return records

    async def end(self, pin: str, result: TaskResult | BaseException = INDEXED) -> None:
        """The pin's work ends."""
        if isinstance(result, BaseException):
            self.running.pop(pin).set_exception(result)
        else:
            self.running.pop(pin).set_result(result)
        await settle()

    def committable(self) -> int | None:
        """The offset that may be committed on the live lane."""
        return self.holdings.uncommitted("live").get(0)


async def settle() -> None:
    """Let every task run as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_no_more_pins_run_than_there_are_places() -> None:
    desk = Desk(total=2)
    desk.accept("a", "b", "c")
    await settle()
    assert set(desk.running) == {"a", "b"}

    await desk.end("a")

    assert set(desk.running) == {"b", "c"}


async def test_live_begins_before_backfill_and_backfill_leaves_places() -> None:
    desk = Desk(total=2, backfill=1)
    desk.accept("x", "y", lane="backfill")
    desk.accept("a", "b")
    await settle()

    assert set(desk.running) == {"x", "a"}
    await desk.end("x")
    assert set(desk.running) == {"a", "b"}


async def test_an_offset_is_committable_only_when_all_before_it_are_delivered() -> None:
    desk = Desk(total=3, delivers=False)
    records = desk.accept("a", "b", "c")
    await settle()
    await desk.end("b")
    await desk.end("a")
    assert desk.committable() is None

    desk.undelivered[0]()
    assert desk.committable() is None
    desk.undelivered[1]()

    assert desk.committable() == records[1].offset + 1
    assert desk.credits.held_records == 1


async def test_a_newer_event_supersedes_one_that_waits() -> None:
    desk = Desk(total=1)
    desk.accept("a")
    await settle()
    desk.accept("b", version=1)
    desk.accept("b", version=2)

    await desk.end("a")
    await desk.end("b")

    assert desk.told == [("b", "superseded"), ("a", "indexed"), ("b", "indexed")]
    assert desk.dispatch.waiting == 0


async def test_invalid_pins_die_and_unexpected_errors_are_marked() -> None:
    desk = Desk()
    records = desk.accept("a", "b")
    await settle()

    await desk.end("a", FetchRefused("404"))
    await desk.end("b", ZeroDivisionError("bug"))

    assert desk.told == [("a", "invalid"), ("b", "unexpected")]
    assert desk.committable() == records[-1].offset + 1
    assert desk.failures == []


async def test_a_fatal_error_stops_everything_uncommitted() -> None:
    desk = Desk(total=1)
    desk.accept("a", "b")
    await settle()

    await desk.end("a", ModelMismatch("another version"))

    assert [type(failure) for failure in desk.failures] == [ModelMismatch]
    assert desk.told == []
    assert desk.committable() is None


async def test_draining_finishes_what_has_begun_and_drops_what_waits() -> None:
    desk = Desk(total=1)
    records = desk.accept("a", "b")
    await settle()
    draining = asyncio.create_task(desk.dispatch.drain([0], deadline_s=30))
    await settle()
    desk.accept("late")

    await desk.end("a")
    await draining

    assert desk.committable() == records[0].offset + 1
    assert desk.running == {}
    assert desk.counts["abandoned"] == 2
    assert desk.credits.held_records == 0


async def test_draining_waits_for_the_outcome_too() -> None:
    desk = Desk(delivers=False)
    desk.accept("a")
    await settle()
    draining = asyncio.create_task(desk.dispatch.drain([0], deadline_s=30))
    await desk.end("a")
    assert not draining.done()

    desk.undelivered[0]()
    await settle()

    assert draining.done()


async def test_draining_ends_at_its_deadline() -> None:
    desk = Desk()
    desk.accept("a")
    await settle()

    await desk.dispatch.drain([0], deadline_s=0.01)
    desk.dispatch.lose([0])
    await settle()

    assert desk.credits.held_records == 0
    assert desk.counts["abandoned"] == 1


async def test_lost_partitions_leave_no_work_and_no_offset() -> None:
    desk = Desk(total=1)
    desk.accept("a", "b")
    await settle()

    desk.dispatch.lose([0])
    await settle()

    assert desk.told == []
    assert desk.credits.held_records == 0
    assert len(desk.holdings) == 0


async def test_a_pin_given_up_midway_is_not_committed_by_the_next_lease() -> None:
    desk = Desk(delivers=False)
    desk.accept("a")
    await settle()
    await desk.end("a")
    desk.dispatch.lose([0])
    desk.holdings.grant([0])

    desk.undelivered[0]()

    assert desk.committable() is None
    assert desk.credits.held_records == 0


async def test_work_that_notices_the_loss_itself_is_abandoned() -> None:
    desk = Desk()
    desk.accept("a")
    await settle()

    await desk.end("a", Abandoned("partition 0"))

    assert (desk.told, desk.counts["abandoned"]) == ([], 1)


async def test_everything_is_finished_at_the_end_of_the_partition() -> None:
    desk = Desk()
    (record,) = desk.accept("a")
    await settle()
    desk.dispatch.accept([ReachedEnd("live", 0, record.offset + 1), ReachedEnd("backfill", 0, 0)])
    assert desk.holdings.at_end
    assert desk.holdings.unfinished == 1

    await desk.end("a")

    assert desk.holdings.unfinished == 0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abcd"), st.integers(1, 4), st.sampled_from(LANES)),
        st.tuples(st.sampled_from(["end", "die", "deliver", "lose"])),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=60)
@given(steps=steps)
async def test_whatever_happens_every_record_is_told_abandoned_or_held(steps: list[tuple[Any, ...]]) -> None:
    desk = Desk(delivers=False)
    accepted = 0

    for step in steps:
        if step[0] == "put":
            accepted += 1
            desk.accept(step[1], version=step[2], lane=step[3])
            await settle()
        elif step[0] == "deliver" and desk.undelivered:
            desk.undelivered.pop(0)()
        elif step[0] in ("end", "die") and desk.running:
            await desk.end(next(iter(desk.running)), INDEXED if step[0] == "end" else FetchRefused("404"))
        elif step[0] == "lose":
            desk.running.clear()
            desk.dispatch.lose([0])
            desk.holdings.grant([0])
            await settle()
        open_work = desk.credits.held_records - len(desk.undelivered)
        assert accepted == len(desk.told) + desk.counts["abandoned"] + open_work

    while desk.running or desk.undelivered:
        for pin in list(desk.running):
            await desk.end(pin)
        while desk.undelivered:
            desk.undelivered.pop(0)()
        await settle()
    assert desk.credits.held_records == 0
    assert accepted == len(desk.told) + desk.counts["abandoned"]


@dataclass
class Detours(Desk):
    works: dict[str, PinTask] = field(default_factory=dict)

    async def carry(self, work: PinTask) -> TaskResult:
        """Keeps the work, so that the test can send it aside."""
        self.works[str(work.pin)] = work
        return await super().carry(work)


async def test_a_pin_that_waits_for_its_host_leaves_its_place_and_comes_back_before_others_begin() -> None:
    desk = Detours(total=1)
    desk.accept("slow", "b", "c")
    await settle()
    assert set(desk.running) == {"slow"}

    desk.works["slow"].leave_place()
    await settle()
    back = asyncio.ensure_future(desk.works["slow"].regain_place())
    await settle()

    assert set(desk.running) == {"slow", "b"}
    assert not back.done(), "there is one place, and b has it"
    await desk.end("b")
    assert back.done()
    assert set(desk.running) == {"slow"}
    await desk.end("slow")
    assert set(desk.running) == {"c"}


async def test_a_pin_that_ends_while_aside_frees_nothing_twice() -> None:
    desk = Detours(total=1)
    desk.accept("slow", "b", "c", "d")
    await settle()
    desk.works["slow"].leave_place()
    desk.works["slow"].leave_place()
    await settle()

    await desk.end("slow", TaskResult(result="dead", reason="fetch"))

    assert set(desk.running) == {"b"}
    await desk.end("b")
    assert set(desk.running) == {"c"}
