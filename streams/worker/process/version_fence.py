"""What the index holds of a pin, so that an older event never replaces a newer one."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

from cachetools import LRUCache

from pinstream.events import PinDeletion, PinEvent
from pinstream.store.collection import WHOLE_SLOT, Row, row_key
from pinstream.store.vector_store import Consistency
from streams.worker.protocols import ReadRows
from streams.worker.record import Lease

Verdict = Literal["go", "unchanged", "superseded"]
DEFAULT_CAPACITY: Final = 100_000


@dataclass(frozen=True, slots=True)
class IndexedState:
    """What slot 0 of a pin says; ``object_count`` tells which slots vanish with the next write."""

    version: int
    alive: bool
    object_count: int


def verdict(known: IndexedState | None, event: PinEvent | PinDeletion) -> Verdict:
    """Whether ``event`` is news to an index that holds ``known``.

    Of a deletion and an event with equal versions the deletion wins, whichever comes first.
    """
    if known is None or event.version > known.version:
        return "go"
    if event.version < known.version:
        return "superseded"
    deletion = isinstance(event, PinDeletion)
    if deletion and known.alive:
        return "go"
    return "unchanged" if deletion != known.alive else "superseded"


class _RememberedWrites(LRUCache[str, tuple[Lease, IndexedState, float]]):
    """Under which lease a pin was written, what, and when; knows when the latest write that it forgot was made."""

    evicted_at_s = float("-inf")

    def popitem(self) -> tuple[str, tuple[Lease, IndexedState, float]]:
        """The write that was used least recently, taken out: `LRUCache` calls this to make room."""
        pin_id, write = super().popitem()
        self.evicted_at_s = max(self.evicted_at_s, write[2])
        return pin_id, write


class VersionFence:
    """Versions by pin: remembered, else read back from the index.

    What is remembered of a partition holds for its lease only: after that another worker writes.
    A read-back is Strong until the partition has been owned for longer than the index may be stale; by then
    everything the owner before wrote is visible, and everything since is remembered or older than that.
    """

    def __init__(
        self,
        rows: ReadRows,
        *,
        capacity: int = DEFAULT_CAPACITY,
        staleness_s: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rows = rows
        self._staleness_s = staleness_s
        self._monotonic = monotonic
        self._remembered = _RememberedWrites(capacity)

    def recall(self, pin_id: str, lease: Lease) -> IndexedState | None:
        """What this lease already knows, without asking the index."""
        found = self._remembered.get(pin_id)
        return None if found is None or found[0] is not lease else found[1]

    async def look(self, pin_id: str, lease: Lease) -> IndexedState | None:
        """What the index holds of a pin; None where it never held any. Raises as `ReadRows.get` does."""
        key = row_key(pin_id, WHOLE_SLOT)
        row = (await self._rows.get([key], consistency=self._consistency(lease))).get(key)
        return None if row is None else known_from(row)

    def remember(self, pin_id: str, lease: Lease, known: IndexedState) -> None:
        """The index acknowledged this; call it only after that."""
        self._remembered[pin_id] = (lease, known, self._monotonic())

    def _consistency(self, lease: Lease) -> Consistency:
        """Bounded only if neither the owner before nor a forgotten write of our own can still be invisible."""
        settled_s = self._monotonic() - self._staleness_s
        return "Bounded" if max(lease.since_s, self._remembered.evicted_at_s) < settled_s else "Strong"


def with_slots(known: IndexedState | None, *, up_to: int) -> IndexedState:
    """What is known of a pin of which the index holds rows that its slot 0 does not tell of."""
    found = known or IndexedState(version=0, alive=False, object_count=0)
    return replace(found, object_count=max(found.object_count, up_to))


def known_from(row: Row) -> IndexedState:
    """What a slot 0 row says."""
    return IndexedState(row.version, row.alive, row.object_count)
