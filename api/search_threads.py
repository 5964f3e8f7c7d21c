"""The blocking index asked from an event loop: in threads, so many at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

from api.guards.concurrency import ConcurrencyLimit
from pinstream.search.index import VisualIndex

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class SearchThreads:
    """``await searches.ask(lambda index: index.get("a"))``; the gate has as many places as there are threads.

    A caller that goes away, or whose time is up, leaves at once; its search runs on to its own deadline, in its place.
    """

    index: VisualIndex
    gate: ConcurrencyLimit
    threads: ThreadPoolExecutor

    async def ask(self, question: Callable[[VisualIndex], Answer]) -> Answer:
        """What ``question`` returns or raises, or a Problem (429) if too many wait."""
        async with AsyncExitStack() as held:
            await held.enter_async_context(self.gate.place())
            running = asyncio.get_running_loop().run_in_executor(self.threads, question, self.index)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                place = held.pop_all()
                running.add_done_callback(lambda _done: asyncio.ensure_future(place.aclose()))
                raise
