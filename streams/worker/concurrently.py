"""Runs a coroutine in the background of a block, where its result may turn out not to be needed."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

Answer = TypeVar("Answer")


@asynccontextmanager
async def concurrently(coroutine: Coroutine[Any, Any, Answer]) -> "AsyncIterator[asyncio.Task[Answer]]":
    """A task that runs during the block and never outlives it; await it inside, or leave: it is cancelled then.

    Unlike a TaskGroup it raises plain errors: callers distinguish fatal from invalid by class.
    """
    task = asyncio.ensure_future(coroutine)
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
        await asyncio.wait([task])
        _ = task.cancelled() or task.exception()  # retrieved, or asyncio logs "exception was never retrieved"
