"""Decoded pictures wait for room."""

import asyncio
from contextlib import suppress

from streams.worker.process.pixel_budget import PixelBudget


class Pictures:
    """Pictures under way in a budget of 100 pixels, and the most that were held at once."""

    def __init__(self) -> None:
        self.budget = PixelBudget(100)
        self.begun: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def arrives(self, name: str, pixels: int) -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._work(name, pixels))
        await settled()

    async def ends(self, name: str) -> None:
        self._ends[name].set()
        await self.tasks[name]
        await settled()

    async def cancelled(self, name: str) -> None:
        self.tasks[name].cancel()
        with suppress(asyncio.CancelledError):
            await self.tasks[name]
        await settled()

    async def _work(self, name: str, pixels: int) -> None:
        async with self.budget.hold(pixels):
            self.begun.append(name)
            await self._ends[name].wait()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_pictures_wait_in_order_for_room() -> None:
    pictures = Pictures()
    await pictures.arrives("first", 60)
    await pictures.arrives("large", 60)
    await pictures.arrives("small", 10)

    assert pictures.begun == ["first"], "the small one would fit, and does not overtake"
    await pictures.ends("first")
    assert pictures.begun == ["first", "large", "small"]


async def test_a_picture_larger_than_the_budget_is_done_alone() -> None:
    pictures = Pictures()
    await pictures.arrives("small", 1)
    await pictures.arrives("huge", 5000)

    assert pictures.begun == ["small"]
    await pictures.ends("small")
    await pictures.arrives("after", 1)
    assert pictures.begun == ["small", "huge"]
    await pictures.ends("huge")
    assert pictures.begun == ["small", "huge", "after"]


async def test_cancelled_pictures_leave_their_room_to_others() -> None:
    pictures = Pictures()
    await pictures.arrives("working", 100)
    await pictures.arrives("waiting", 100)
    await pictures.arrives("last", 100)

    await pictures.cancelled("waiting")
    await pictures.cancelled("working")

    assert pictures.begun == ["working", "last"]
    await pictures.ends("last")
