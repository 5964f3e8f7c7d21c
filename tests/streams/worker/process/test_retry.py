"""Calls repeated until a service answers."""

from collections.abc import Awaitable, Callable
from itertools import islice

import pytest

from streams.errors import Abandoned
from streams.worker.outages import Outages
from streams.worker.process.retry import Backoff, RetryPolicy
from streams.worker.record import Lease


class Away(Exception):
    """What the service raises."""


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, delay_s: float) -> None:
        self.now_s += delay_s + 0.5


def service(failures: int, seen: list[frozenset[int]], outages: Outages) -> Callable[[], Awaitable[str]]:
    calls = iter(range(failures + 1))

    async def call() -> str:
        seen.append(outages.paused_partitions)
        if next(calls) < failures:
            raise Away
        return "answer"

    return call


def policy(clock: Clock, outages: Outages, retries: list[str], *, deadline_s: float = 10) -> RetryPolicy:
    return RetryPolicy(
        Backoff(first_s=0.05, max_s=2, deadline_s=deadline_s),
        outages,
        on_retry=retries.append,
        monotonic=clock.monotonic,
        sleep=clock.sleep,
    )


def test_ceilings_double_up_to_the_limit() -> None:
    waits_s = Backoff(first_s=1, max_s=5).waits_s(draw=lambda _, ceiling_s: ceiling_s)

    assert list(islice(waits_s, 5)) == [1, 2, 4, 5, 5]


async def test_an_answer_comes_after_any_number_of_failures() -> None:
    clock, retries = Clock(), list[str]()
    outages = Outages(clock.monotonic)

    answer = await policy(clock, outages, retries).call(
        "triton", service(50, [], outages), retry_on=Away, lease=Lease(3, 0)
    )

    assert answer == "answer"
    assert len(retries) == 50
    assert outages.away_s == {}


async def test_beyond_the_deadline_the_partition_is_paused_until_the_answer() -> None:
    clock, seen = Clock(), list[frozenset[int]]()
    outages = Outages(clock.monotonic)

    await policy(clock, outages, [], deadline_s=2).call(
        "milvus", service(8, seen, outages), retry_on=Away, lease=Lease(3, 0)
    )

    assert seen[0] == frozenset()
    assert seen[-1] == frozenset({3})
    assert outages.paused_partitions == frozenset()


async def test_a_lost_lease_ends_the_retries() -> None:
    clock, lease = Clock(), Lease(3, 0)
    outages = Outages(clock.monotonic)

    async def call() -> None:
        lease.held = False
        raise Away

    with pytest.raises(Abandoned):
        await policy(clock, outages, []).call("milvus", call, retry_on=Away, lease=lease)


async def test_other_errors_pass_at_once() -> None:
    clock = Clock()
    outages = Outages(clock.monotonic)

    async def call() -> None:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        await policy(clock, outages, []).call("milvus", call, retry_on=Away, lease=Lease(0, 0))
