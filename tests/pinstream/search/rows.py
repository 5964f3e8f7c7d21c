"""Rows whose distances are chosen, and an index over them."""

from collections.abc import Iterable

from pinstream.search.hits import Hit
from pinstream.search.index import VisualIndex
from pinstream.store.codes import CODE_BITS, CODE_BYTES, Code
from pinstream.store.collection import Row
from pinstream.store.memory import MemoryStore

NOW_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


def code(distance: int) -> Code:
    """The code that differs from ``code(0)`` in its first ``distance`` bits."""
    return ((1 << CODE_BITS) - (1 << (CODE_BITS - distance))).to_bytes(CODE_BYTES, "big")


def row(pin_id: str, distance: int, *, slot: int = 0, picture: str = "") -> Row:
    return Row(
        pin_id=pin_id,
        slot=slot,
        alive=True,
        code=code(distance),
        version=1,
        image_sha256=picture,
        published_at_ms=NOW_MS - HOUR_MS,
    )


def index_of(*rows: Row) -> VisualIndex:
    store = MemoryStore()
    store.upsert(rows)
    return VisualIndex.over(store, clock_ms=lambda: NOW_MS)


def pin_ids(found: Iterable[Hit]) -> list[str]:
    return [hit.pin_id for hit in found]
