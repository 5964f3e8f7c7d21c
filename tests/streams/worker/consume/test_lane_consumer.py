"""The thread of one lane, on a scripted consumer."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

from confluent_kafka import Consumer

from pinstream.lanes import Lane
from streams.worker.consume.lane_consumer import LaneConsumer
from streams.worker.consume.lane_reader import LaneReader
from streams.worker.consume.owner_calls import OwnerCalls
from streams.worker.record import Consumed, Offsets


class Owner:
    """Keeps the failures; has lost partitions it cannot cope with."""

    def __init__(self) -> None:
        self.failures: list[BaseException] = []
        self.failed = asyncio.Event()

    def on_assigned(self, partitions: Sequence[int]) -> None: ...

    async def on_revoked(self, partitions: Sequence[int]) -> Mapping[Lane, Offsets]:
        return {"live": dict.fromkeys(partitions, 7), "backfill": {}}

    def on_lost(self, partitions: Sequence[int]) -> None:
        raise ZeroDivisionError

    def submit(self, batch: Sequence[Consumed]) -> None: ...

    def on_commit(self, lane: Lane, offsets: Offsets, *, failed: bool) -> None: ...

    def fail(self, error: BaseException) -> None:
        self.failures.append(error)
        self.failed.set()


class ClosableConsumer:
    closed = False

    def close(self) -> None:
        self.closed = True


class FailingReader:
    def poll(self) -> None:
        raise ZeroDivisionError


async def test_a_thread_that_fails_reports_it_and_still_closes_its_consumer() -> None:
    owner, consumer = Owner(), ClosableConsumer()
    lane = LaneConsumer(
        "live",
        "pins.events",
        cast(Consumer, consumer),
        reader=cast(LaneReader, FailingReader()),
        owner=OwnerCalls(owner),
    )

    lane.start()
    await asyncio.wait_for(owner.failed.wait(), 10)

    assert await asyncio.to_thread(lane.stop, 10)
    assert [type(failure) for failure in owner.failures] == [ZeroDivisionError]
    assert consumer.closed


async def test_a_call_that_fails_in_the_event_loop_stops_the_worker() -> None:
    owner = Owner()
    calls = OwnerCalls(owner)

    await asyncio.to_thread(calls.call, lambda owner: owner.on_lost([0]))

    await asyncio.wait_for(owner.failed.wait(), 10)
    assert [type(failure) for failure in owner.failures] == [ZeroDivisionError]


async def test_a_revocation_waits_for_what_the_owner_wants_committed() -> None:
    calls = OwnerCalls(Owner())

    offsets = await asyncio.to_thread(lambda: calls.revoke([3], timeout_s=10))

    assert offsets["live"] == {3: 7}
