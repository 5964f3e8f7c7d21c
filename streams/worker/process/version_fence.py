"""The check that no older event replaces a newer one, whatever order they arrive in."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from cachetools import LRUCache

from pinstream.events import PinDeletion, PinEvent
from pinstream.store.collection import WHOLE_SLOT, row_key
from pinstream.store.vector_store import Consistency
from streams.worker.protocols import RowReader
from streams.worker.record import Lease

Decision = Literal["write", "unchanged", "superseded"]


@dataclass(frozen=True, slots=True)
class IndexedState:
    """What slot 0 of a pin says; from ``object_count`` follows which slots vanish with the next write."""

    version: int
    alive: bool
    object_count: int


def decide(known: IndexedState | None, event: PinEvent | PinDeletion) -> Decision:
    """What to do with ``event`` where the index holds ``known``.

    Of a deletion and an event with equal versions the deletion wins, whichever comes first.
    """
    if known is None or event.version > known.version:
        return "write"
    if event.version < known.version:
        return "superseded"
    deletion = isinstance(event, PinDeletion)
    if deletion and known.alive:
        return "write"
    return "unchanged" if deletion != known.alive else "superseded"


class _RememberedWrites(LRUCache[str, tuple[Lease, IndexedState, float]]):
    """By pin: the lease, state and time of its last write. Also the time of the newest write that was evicted."""

    evicted_at_s = float("-inf")

    def popitem(self) -> tuple[str, tuple[Lease, IndexedState, float]]:
        """Evict the write that was used least recently: `LRUCache` calls this to make room."""
        pin_id, write = super().popitem()
        self.evicted_at_s = max(self.evicted_at_s, write[2])
        return pin_id, write


class VersionFence:
    """Versions by pin: remembered, else read back from the index.

    What is remembered holds for the lease under which it was written: after it another worker writes the pin.
    """

    def __init__(
        self,
        rows: RowReader,
        *,
        capacity: int,
        staleness_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rows = rows
        self._staleness_s = staleness_s
        self._monotonic = monotonic
        self._remembered = _RememberedWrites(capacity)

    def recall(self, pin_id: str, lease: Lease) -> IndexedState | None:
        """What was written under this lease, without asking the index."""
        found = self._remembered.get(pin_id)
        return None if found is None or found[0] is not lease else found[1]

    async def read_back(self, pin_id: str, lease: Lease) -> IndexedState | None:
        """What the index holds of a pin; None where it never held any. Raises as `RowReader.get` does."""
        key = row_key(pin_id, WHOLE_SLOT)
        row = (await self._rows.get([key], consistency=self._consistency(lease))).get(key)
        return None if row is None else IndexedState(row.version, row.alive, row.object_count)

    def remember(self, pin_id: str, lease: Lease, known: IndexedState) -> None:
        """Call it only after the index has acknowledged the write."""
        self._remembered[pin_id] = (lease, known, self._monotonic())

    def _consistency(self, lease: Lease) -> Consistency:
        """Bounded if every write that is not remembered is older than a Bounded read can be stale; else Strong."""
        # Two kinds of writes are not remembered: the previous owner's, which all came before the lease began, and our
        # own that the cache evicted. A Strong read costs several times a Bounded one, so it is made only while needed.
        visible_before_s = self._monotonic() - self._staleness_s
        last_unremembered_s = max(lease.since_s, self._remembered.evicted_at_s)
        return "Bounded" if last_unremembered_s < visible_before_s else "Strong"


def with_slots(known: IndexedState | None, *, up_to: int) -> IndexedState:
    """``known``, but with rows up to slot ``up_to``: the audit found them in the index, whatever slot 0 says."""
    found = known or IndexedState(version=0, alive=False, object_count=0)
    return replace(found, object_count=max(found.object_count, up_to))
