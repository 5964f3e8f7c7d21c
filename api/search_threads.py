"""Runs blocking index searches from the event loop, in a bounded number of threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TypeVar

from api.middleware.concurrency_limit import ConcurrencyLimit
from pinstream.search.index import VisualIndex

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class SearchThreads:
    """``await searches.run(lambda index: index.get("a"))``; the limit allows as many searches as there are threads."""

    index: VisualIndex
    limit: ConcurrencyLimit
    threads: ThreadPoolExecutor

    async def run(self, search: Callable[[VisualIndex], Answer]) -> Answer:
        """What ``search`` returns or raises, or a Problem (429) if too many wait."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.limit.permit())
            running = asyncio.get_running_loop().run_in_executor(self.threads, search, self.index)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                # The caller leaves at once, but its thread is busy until the search ends: the permit ends with it.
                permit = stack.pop_all()
                running.add_done_callback(lambda _done: asyncio.ensure_future(permit.aclose()))
                raise
