"""Two things at once where one of them may turn out to be unwanted."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

Answer = TypeVar("Answer")


@asynccontextmanager
async def concurrently(unwanted_perhaps: Coroutine[Any, Any, Answer]) -> "AsyncIterator[asyncio.Task[Answer]]":
    """A task that runs beside the block and never outlives it; await it inside, or let it go.

    Unlike a TaskGroup it raises plain errors: the caller tells fatal from invalid by their class.
    """
    task = asyncio.ensure_future(unwanted_perhaps)
    try:
        yield task
    finally:
        if not task.done():
            task.cancel()
        await asyncio.wait([task])
        _ = task.cancelled() or task.exception()  # looked at: what nobody wanted may fail in silence
