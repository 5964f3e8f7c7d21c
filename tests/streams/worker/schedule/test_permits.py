"""Tasks in flight, and those that wait for failing hosts without counting."""

import asyncio

from streams.worker.schedule.permits import InFlightLimits, Permits


def permits(*, total: int = 1, released: int = 1) -> Permits:
    return Permits(InFlightLimits(total=total, backfill=1, released=released), on_released=lambda: None)


def test_beyond_the_limit_of_released_permits_tasks_keep_theirs() -> None:
    limits = permits(total=2, released=1)
    first, second = limits.acquire("live"), limits.acquire("live")

    first.release()
    assert limits.is_free("live")
    limits.acquire("live")
    second.release()

    assert not limits.is_free("live"), "the second one kept its permit"


async def test_a_task_that_kept_its_permit_goes_on_at_once() -> None:
    permit = permits().acquire("live")

    await asyncio.wait_for(permit.reacquire(), 10)


async def test_a_task_that_is_cancelled_while_it_waits_holds_up_nobody() -> None:
    limits = permits(released=2)
    lost = limits.acquire("live")
    lost.release()
    kept = limits.acquire("live")
    kept.release()
    busy = limits.acquire("live")
    waiting = [asyncio.ensure_future(each.reacquire()) for each in (lost, kept)]
    await asyncio.sleep(0)

    waiting[0].cancel()
    limits.close(lost)
    limits.close(busy)
    limits.readmit()
    await asyncio.wait_for(waiting[1], 10)

    assert not limits.is_free("live"), "the one that waited has the permit"
