"""How much memory decoded pictures may take together: the bytes that credits count are those of encoded ones."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class PixelBudget:
    """At most ``pixels`` are decoded at once, first come, first served; a single picture always fits.

    Lives in the event loop. Small pictures never overtake a large one that waits, or it might wait for ever.
    """

    def __init__(self, pixels: int) -> None:
        self._total = pixels
        self._free = pixels
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, pixels: int) -> AsyncIterator[None]:
        """Wait until there is room for a picture of ``pixels``, and keep it for the block."""
        share = min(pixels, self._total)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((share, turn))
        self._admit()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():  # else cancelled while it waited: it holds nothing
                self._free += share
            self._admit()

    def _admit(self) -> None:
        while self._waiting:
            share, turn = self._waiting[0]
            if not turn.cancelled():
                if share > self._free:
                    return
                self._free -= share
                turn.set_result(None)
            self._waiting.popleft()
