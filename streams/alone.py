"""Writing one pin in a call of its own, past the batches."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pinstream.collection import Row
from pinstream.store import VectorStore


@dataclass(frozen=True, slots=True)
class Alone:
    """When the index refuses a batch, each of its pins is written again by itself: only the guilty one suffers."""

    store: VectorStore

    async def write(self, rows: Sequence[Row]) -> None:
        """Acknowledged when this returns; raises what the store raises."""
        await asyncio.to_thread(self.store.upsert, rows)
