"""How much memory decoded pictures may take together: the bytes that credits count are those of encoded ones."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class PixelBudget:
    """So many pixels are decoded at once, first come, first served; a single picture always fits.

    Lives in the event loop. A large picture is not overtaken by small ones behind it, so it gets its turn.
    """

    def __init__(self, pixels: int) -> None:
        self._total = pixels
        self._free = pixels
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, pixels: int) -> AsyncIterator[None]:
        """Waits until there is room for a picture of ``pixels``, and keeps it for the block."""
        share = min(pixels, self._total)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((share, turn))
        self._admit()
        try:
            await turn
            yield
        finally:
            if turn.done() and not turn.cancelled():
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
