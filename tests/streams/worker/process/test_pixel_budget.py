"""Decoded pictures wait for room."""

import asyncio
from contextlib import suppress

from streams.worker.process.pixel_budget import PixelBudget


class Pictures:
    """Pictures in a budget of 100 pixels, and the most that were held at once."""

    def __init__(self) -> None:
        self.budget = PixelBudget(100)
        self.begun: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def arrive(self, name: str, pixels: int) -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(name, pixels))
        await run_ready_tasks()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self.tasks[name]
        await run_ready_tasks()

    async def cancel(self, name: str) -> None:
        self.tasks[name].cancel()
        with suppress(asyncio.CancelledError):
            await self.tasks[name]
        await run_ready_tasks()

    async def _hold(self, name: str, pixels: int) -> None:
        async with self.budget.hold(pixels):
            self.begun.append(name)
            await self._ends[name].wait()


async def run_ready_tasks() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_pictures_wait_in_order_for_room() -> None:
    pictures = Pictures()
    await pictures.arrive("first", 60)
    await pictures.arrive("large", 60)
    await pictures.arrive("small", 10)

    assert pictures.begun == ["first"], "the small one would fit, and does not overtake"
    await pictures.end("first")
    assert pictures.begun == ["first", "large", "small"]


async def test_a_picture_larger_than_the_budget_is_done_alone() -> None:
    pictures = Pictures()
    await pictures.arrive("small", 1)
    await pictures.arrive("huge", 5000)

    assert pictures.begun == ["small"]
    await pictures.end("small")
    await pictures.arrive("after", 1)
    assert pictures.begun == ["small", "huge"]
    await pictures.end("huge")
    assert pictures.begun == ["small", "huge", "after"]


async def test_cancelled_pictures_leave_their_room_to_others() -> None:
    pictures = Pictures()
    await pictures.arrive("working", 100)
    await pictures.arrive("waiting", 100)
    await pictures.arrive("last", 100)

    await pictures.cancel("waiting")
    await pictures.cancel("working")

    assert pictures.begun == ["working", "last"]
    await pictures.end("last")
