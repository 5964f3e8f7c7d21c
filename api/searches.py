"""The blocking index asked from an event loop: in threads, so many at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from api.gate import Gate
from pinstream.search import VisualIndex

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Searches:
    """``await searches.ask(lambda index: index.get("a"))``; the gate has as many places as there are threads.

    A caller that goes away leaves its search running to its own deadline, its place taken meanwhile.
    """

    index: VisualIndex
    gate: Gate
    threads: ThreadPoolExecutor

    async def ask(self, question: Callable[[VisualIndex], Answer]) -> Answer:
        """What ``question`` returns or raises, or a Problem (429) if too many wait."""
        async with self.gate.place():
            running = asyncio.get_running_loop().run_in_executor(self.threads, question, self.index)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await asyncio.wait([running])
                raise
