"""Reads rows back from the index in batches."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, get_args

from pinstream.store.collection import Row
from pinstream.store.vector_store import Consistency, VectorStore
from streams.worker.process.batcher import Batcher, BatchLimits
from streams.worker.process.call_timer import OnCall, ignore_duration, time_call

READ_LIMITS: Final = BatchLimits(max_rows=512, linger_s=0.002, max_in_flight=2)
CONSISTENCIES: Final[tuple[Consistency, ...]] = get_args(Consistency)


class BatchedRowReader:
    """One call for the keys of many pins. Bounded reads are batched apart: they must not wait as Strong ones do."""

    def __init__(
        self, store: VectorStore, *, limits: BatchLimits = READ_LIMITS, on_call: OnCall = ignore_duration
    ) -> None:
        self._store = store
        self._on_call = on_call
        self._batches: dict[Consistency, Batcher[tuple[str, ...], Mapping[str, Row]]] = {
            each: Batcher(partial(self._get, consistency=each), limits=limits, rows=len) for each in CONSISTENCIES
        }

    async def get(self, keys: Sequence[str], *, consistency: Consistency) -> Mapping[str, Row]:
        return await self._batches[consistency].submit(tuple(keys))

    async def close(self) -> None:
        """Wait for the reads in flight, and end the threads."""
        for batches in self._batches.values():
            await batches.close()

    def _get(self, requests: Sequence[tuple[str, ...]], *, consistency: Consistency) -> list[Mapping[str, Row]]:
        with time_call(self._on_call):
            found = self._store.get([key for keys in requests for key in keys], consistency=consistency)
        return [{key: found[key] for key in keys if key in found} for keys in requests]
