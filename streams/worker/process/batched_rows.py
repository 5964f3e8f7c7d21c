"""Writing and reading back rows in batches: what the worker puts between its pins and the vector index."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from pinstream.errors import IndexRefused
from pinstream.store.collection import Row
from pinstream.store.vector_store import Consistency, VectorStore
from streams.worker.process.batcher import Batcher, BatchLimits

WRITE_LIMITS: Final = BatchLimits(max_rows=512, linger_s=0.005, max_in_flight=2)
READ_LIMITS: Final = BatchLimits(max_rows=512, linger_s=0.002, max_in_flight=2)

PinRows = tuple[Row, ...]
OnCall = Callable[[float], None]
"""Told how many seconds each call to the store took, failed ones too, from the thread that made it."""


def _told_nobody(_seconds: float) -> None:
    """Where nobody measures."""


class RowWriter:
    """Upserts of whole pins, batched; errors are the store's, and nothing is retried here.

    All rows of one ``write`` travel in one call, so readers see the pin change at once. Of two writes of one pin
    that wait together only the one with the larger version is sent (the later one, of equals), and both are
    acknowledged; two writes of one pin are never on their way at the same time. A pin that the index refuses costs
    only itself: its batch is halved until it stands alone.
    """

    def __init__(
        self, store: VectorStore, *, limits: BatchLimits = WRITE_LIMITS, on_call: OnCall = _told_nobody
    ) -> None:
        self._store = store
        self._on_call = on_call
        self._batches = Batcher(self._upsert, limits=limits, rows=len, lane=lambda rows: rows[0].pin_id)

    async def write(self, rows: Sequence[Row]) -> None:
        """Returns when the index has acknowledged ``rows``, all of one pin and one version.

        Raises ValueError for rows of several pins or versions or for none, else what the store raises: then the
        rows may or may not be there, and writing them again is safe.
        """
        if len({(row.pin_id, row.version) for row in rows}) != 1:
            raise ValueError(f"a write holds rows of one pin and one version, this one {[row.key for row in rows]}")
        await self._batches.submit(tuple(rows))

    async def close(self) -> None:
        """Wait until everything written is acknowledged, and end the threads."""
        await self._batches.close()

    def _upsert(self, writes: Sequence[PinRows]) -> Sequence[Exception | None]:
        refused = self._refused(newest_of_each_pin(writes))
        return [refused.get(rows[0].pin_id) for rows in writes]

    def _refused(self, pins: Sequence[PinRows]) -> dict[str, IndexRefused]:
        """Write ``pins``, and say which of them the index will never take; the others are not held up by those."""
        try:
            with timed(self._on_call):
                self._store.upsert([row for rows in pins for row in rows])
        except IndexRefused as exc:
            if len(pins) == 1:
                return {pins[0][0].pin_id: exc}
            middle = len(pins) // 2
            return self._refused(pins[:middle]) | self._refused(pins[middle:])
        return {}


class RowReader:
    """Reads by key, batched: one call for many pins' read-backs."""

    def __init__(
        self, store: VectorStore, *, limits: BatchLimits = READ_LIMITS, on_call: OnCall = _told_nobody
    ) -> None:
        self._store = store
        self._on_call = on_call
        self._strong = Batcher(self._get_strong, limits=limits, rows=len)
        self._bounded = Batcher(self._get_bounded, limits=limits, rows=len)

    async def get(self, keys: Sequence[str], *, consistency: Consistency) -> Mapping[str, Row]:
        """The rows with these primary keys, dead ones too; keys that are not there are left out."""
        batches = self._strong if consistency == "Strong" else self._bounded
        return await batches.submit(tuple(keys))

    async def close(self) -> None:
        """Wait for the reads on their way, and end the threads."""
        await self._strong.close()
        await self._bounded.close()

    def _get_strong(self, requests: Sequence[tuple[str, ...]]) -> list[Mapping[str, Row]]:
        return self._get(requests, "Strong")

    def _get_bounded(self, requests: Sequence[tuple[str, ...]]) -> list[Mapping[str, Row]]:
        return self._get(requests, "Bounded")

    def _get(self, requests: Sequence[tuple[str, ...]], consistency: Consistency) -> list[Mapping[str, Row]]:
        with timed(self._on_call):
            found = self._store.get([key for keys in requests for key in keys], consistency=consistency)
        return [{key: found[key] for key in keys if key in found} for keys in requests]


@contextmanager
def timed(on_call: OnCall) -> Iterator[None]:
    """Tells how long the block took, however it ended."""
    begun_s = time.perf_counter()
    try:
        yield
    finally:
        on_call(time.perf_counter() - begun_s)


def newest_of_each_pin(writes: Sequence[PinRows]) -> list[PinRows]:
    """Of each pin the write with the largest version, the later one of equals.

    The others are left out whole: their rows must not fill the slots that the newest does not mention.
    """
    newest: dict[str, PinRows] = {}
    for rows in writes:
        kept = newest.get(rows[0].pin_id)
        if kept is None or rows[0].version >= kept[0].version:
            newest[rows[0].pin_id] = rows
    return list(newest.values())
