"""Reads pins by their ids: the rows of one version, or the error that says why there are none."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cachetools import LRUCache

from pinstream.errors import IndexEmpty, ObjectUnknown, PinDeleted, PinUnknown
from pinstream.search.options import check_pin_id
from pinstream.store.collection import WHOLE_SLOT, Row, Where, row_key
from pinstream.store.vector_store import Consistency, VectorStore

SLOTS_READ_AT_ONCE: Final = 16
MAX_REMEMBERED: Final = 10_000
"""How many of the pictures and objects read last are remembered; each takes about 1 kB."""
Rows = dict[int, Row]
"""Rows of one pin by their slots."""
PinSlot = tuple[str, int]
"""A pin and one of its slots; slot 0 is the whole picture."""


class PinReader:
    """Reads pins from a store. A pin that is not found is read again at Strong, since it may be new."""

    def __init__(self, store: VectorStore, consistency: Consistency) -> None:
        self._store, self._consistency = store, consistency
        self._remembered: LRUCache[PinSlot, Row] = LRUCache(MAX_REMEMBERED)
        self._lock = threading.Lock()

    def remembered(self, wanted: Sequence[PinSlot]) -> dict[PinSlot, Row]:
        """Rows that were read before, as they were then; the pins may have changed since."""
        with self._lock:
            return {key: row for key in wanted if (row := self._remembered.get(key)) is not None}

    def read(self, wanted: Sequence[PinSlot]) -> dict[PinSlot, Row | PinUnknown]:
        """Each picture or object as it is now, or why there is none; one call to the store for all."""
        if not wanted:
            return {}
        slots: dict[str, list[int]] = {}
        for pin_id, slot in wanted:
            slots.setdefault(pin_id, []).append(slot)
        pins = self.read_slots(slots)
        return {(pin_id, slot): _row_in(pins[pin_id], slot) for pin_id, slot in wanted}

    def read_pins(self, pin_ids: Iterable[str]) -> dict[str, Rows | PinUnknown]:
        """For each pin every row of its version, tombstones too, or why there are none."""
        found = self.read_slots({pin_id: range(SLOTS_READ_AT_ONCE) for pin_id in pin_ids})
        more = {
            pin_id: range(rows[WHOLE_SLOT].object_count + 1)
            for pin_id, rows in found.items()
            if not isinstance(rows, PinUnknown) and rows[WHOLE_SLOT].object_count >= SLOTS_READ_AT_ONCE
        }
        return found | self.read_slots(more) if more else found

    def read_slots(self, slots: Mapping[str, Iterable[int]]) -> dict[str, Rows | PinUnknown]:
        """For each pin its rows in these slots and in slot 0, which is never a tombstone; or why there are none."""
        wanted = {pin_id: [WHOLE_SLOT, *(slot for slot in each if slot)] for pin_id, each in slots.items()}
        found = self.read_stored(wanted, consistency=self._consistency)
        missing = {pin_id: wanted[pin_id] for pin_id, rows in found.items() if WHOLE_SLOT not in rows}
        if missing:
            found |= self.read_stored(missing, consistency="Strong")
        current = {pin_id: _current_rows(pin_id, rows) for pin_id, rows in found.items()}
        if not any(found.values()) and self._store_is_empty():
            return {pin_id: IndexEmpty(f"the index holds no pins at all, so not {pin_id!r}") for pin_id in found}
        with self._lock:
            for rows in current.values():
                if not isinstance(rows, PinUnknown):
                    self._remembered.update({(row.pin_id, row.slot): row for row in rows.values()})
        return current

    def read_stored(self, slots: Mapping[str, Sequence[int]], *, consistency: Consistency) -> dict[str, Rows]:
        """What is stored in these slots, of any version, tombstones too; one call for all pins."""
        for pin_id in slots:
            check_pin_id(pin_id)
        keys = [row_key(pin_id, slot) for pin_id, each in slots.items() for slot in each]
        rows: dict[str, Rows] = {pin_id: {} for pin_id in slots}
        for row in self._store.get(keys, consistency=consistency).values():
            rows[row.pin_id][row.slot] = row
        return rows

    def _store_is_empty(self) -> bool:
        return not self._store.scan(Where(slots="whole"), limit=1, consistency=self._consistency)


def _current_rows(pin_id: str, rows: Rows) -> Rows | PinUnknown:
    whole = rows.get(WHOLE_SLOT)
    if whole is None:
        return PinUnknown(f"pin {pin_id!r} is not in the index: never published, not indexed yet, or dead")
    if not whole.alive:
        return PinDeleted(f"pin {pin_id!r} was deleted (version {whole.version})")
    return {slot: row for slot, row in rows.items() if row.version == whole.version}


def _row_in(rows: Rows | PinUnknown, slot: int) -> Row | PinUnknown:
    if isinstance(rows, PinUnknown):
        return rows
    found = rows.get(slot)
    if found is not None and found.alive:
        return found
    whole = rows[WHOLE_SLOT]
    return ObjectUnknown(f"pin {whole.pin_id!r} has no object {slot}: there are {whole.object_count}")
