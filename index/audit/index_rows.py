"""What an audit asks of the index beyond a scan: doubled keys, a pin's rows right now, codes of the same picture."""

from collections.abc import Iterator, Sequence
from typing import Final

from index.audit.compare import are_far_apart
from index.audit.ledger import AuditLedger
from pinstream.store.collection import WHOLE_SLOT, Row, row_key
from pinstream.store.vector_store import VectorStore

MAX_SLOTS: Final = 256
"""More than any pin has: a row that says so is wrong, and must not make the audit read millions of keys."""
_SHA256_CHARS: Final = 64
_DIGEST_BYTES: Final = 16


class IndexRows:
    """Calls block, and raise VectorIndexError."""

    def __init__(self, store: VectorStore, ledger: AuditLedger) -> None:
        self._store = store
        self._ledger = ledger

    def doubled_keys(self, rows: Sequence[Row]) -> Iterator[tuple[str, int, int]]:
        """Pin, slot and count of each key that is there more than once; ``rows`` are all of a range of keys, in order.

        A query returns one row of a key, however often it is there. Only a count shows the others, so a range with
        too many rows is halved until single keys are left.
        """
        if not rows:
            return
        count = self._store.count_between(rows[0].key, rows[-1].key)
        if count <= len(rows):
            return
        if len(rows) == 1:
            yield rows[0].pin_id, rows[0].slot, count
            return
        middle = len(rows) // 2
        yield from self.doubled_keys(rows[:middle])
        yield from self.doubled_keys(rows[middle:])

    def read(self, pins: Sequence[str], last_slots: Sequence[int]) -> dict[str, list[Row]]:
        """The rows of some pins now, at Strong: slot 0, and the slots up to its object count or the last slot given."""
        wholes = self._store.get([row_key(pin, WHOLE_SLOT) for pin in pins])
        found: dict[str, list[Row]] = {pin: [] for pin in pins}
        keys = []
        for pin, last_slot in zip(pins, last_slots, strict=True):
            whole = wholes.get(row_key(pin, WHOLE_SLOT))
            objects = 0
            if whole is not None:
                found[pin].append(whole)
                objects = whole.object_count
            keys += [row_key(pin, slot) for slot in range(1, min(max(objects, last_slot), MAX_SLOTS) + 1)]
        for row in self._store.get(keys).values():
            found[row.pin_id].append(row)
        return found

    def other_with_far_code(self, whole: Row) -> str | None:
        """The first pin that came with the same picture, where its code is far from that of ``whole``."""
        digest = _digest(whole)
        if digest is None:
            return None
        code, pin_id = self._ledger.first_code(digest, whole.code, whole.pin_id)
        return pin_id if are_far_apart(code, whole.code) else None

    def still_has_far_code(self, whole: Row) -> bool:
        """Whether a row that was found to have a far code still has it.

        The first pin of a picture has nothing to be compared with: it is wrong for as long as its code is the same.
        """
        digest = _digest(whole)
        if digest is None:
            return False
        code, pin_id = self._ledger.first_code(digest, whole.code, whole.pin_id)
        return code == whole.code if pin_id == whole.pin_id else are_far_apart(code, whole.code)


def _digest(whole: Row) -> bytes | None:
    """The first half of a living picture's SHA-256: it identifies the picture. None where the row has none."""
    if not whole.alive or len(whole.image_sha256) != _SHA256_CHARS:
        return None
    try:
        return bytes.fromhex(whole.image_sha256)[:_DIGEST_BYTES]
    except ValueError:
        return None
