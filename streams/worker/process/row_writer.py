"""Writes rows to the index in batches."""

from collections.abc import Sequence
from typing import Final

from pinstream.errors import IndexRefused
from pinstream.store.collection import Row
from pinstream.store.vector_store import VectorStore
from streams.worker.process.batcher import Batcher, BatchLimits
from streams.worker.process.call_timer import OnCall, ignore_duration, time_call

WRITE_LIMITS: Final = BatchLimits(max_rows=512, linger_s=0.005, max_in_flight=2)

PinRows = tuple[Row, ...]


class BatchedRowWriter:
    """Upserts of whole pins, batched; errors are the store's, and nothing is retried here.

    All rows of one ``write`` are sent in one call, so readers never see a part of the change. Of two writes of one pin
    that wait together only the one with the larger version is sent (the later one, of equals), and both are
    acknowledged; two writes of one pin are never in flight at the same time. A pin that the index refuses costs
    only itself: its batch is halved until it stands alone.
    """

    def __init__(
        self, store: VectorStore, *, limits: BatchLimits = WRITE_LIMITS, on_call: OnCall = ignore_duration
    ) -> None:
        self._store = store
        self._on_call = on_call
        self._batches = Batcher(self._upsert, limits=limits, rows=len, key=lambda rows: rows[0].pin_id)

    async def write(self, rows: Sequence[Row]) -> None:
        if len({(row.pin_id, row.version) for row in rows}) != 1:
            raise ValueError(f"a write holds rows of one pin and one version, this one {[row.key for row in rows]}")
        await self._batches.submit(tuple(rows))

    async def close(self) -> None:
        """Wait until everything written is acknowledged, and end the threads."""
        await self._batches.close()

    def _upsert(self, writes: Sequence[PinRows]) -> Sequence[Exception | None]:
        refused = self._upsert_and_collect_refused(newest_of_each_pin(writes))
        return [refused.get(rows[0].pin_id) for rows in writes]

    def _upsert_and_collect_refused(self, pins: Sequence[PinRows]) -> dict[str, IndexRefused]:
        """Write ``pins``; the errors of those that the index will never take, by pin."""
        try:
            with time_call(self._on_call):
                self._store.upsert([row for rows in pins for row in rows])
        except IndexRefused as exc:
            if len(pins) == 1:
                return {pins[0][0].pin_id: exc}
            middle = len(pins) // 2
            return self._upsert_and_collect_refused(pins[:middle]) | self._upsert_and_collect_refused(pins[middle:])
        return {}


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
