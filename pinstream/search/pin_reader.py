"""Pins as the index holds them, by their ids: rows of one version, or the error that says why there are none."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cachetools import LRUCache

from pinstream.errors import EventInvalid, IndexEmpty, ObjectUnknown, PinDeleted, PinUnknown, QueryInvalid
from pinstream.events import checked_pin_id
from pinstream.store.collection import MAX_SLOT, WHOLE_SLOT, Row, Where, row_key
from pinstream.store.vector_store import Consistency, VectorStore

SLOTS_READ_AT_ONCE: Final = 16
MAX_REMEMBERED: Final = 10_000
"""So many pictures and objects are remembered that were read last, some 1 kB each."""
Rows = dict[int, Row]
PinSlot = tuple[str, int]
"""A pin and one of its slots; slot 0 is the whole picture."""
_ANY_PIN: Final = Where(slots="whole")


class PinReader:
    """Reads pins from a store. A pin that is not there is looked for again at Strong: it may be new."""

    def __init__(self, store: VectorStore, consistency: Consistency) -> None:
        self._store, self._consistency = store, consistency
        self._remembered: LRUCache[PinSlot, Row] = LRUCache(MAX_REMEMBERED)
        self._lock = threading.Lock()

    def recalled(self, things: Sequence[PinSlot]) -> dict[PinSlot, Row]:
        """Those that were read before, as they were then: use none unproven."""
        with self._lock:
            return {thing: row for thing in things if (row := self._remembered.get(thing)) is not None}

    def things(self, things: Sequence[PinSlot]) -> dict[PinSlot, Row | PinUnknown]:
        """Each picture or object as it is now, or why there is none; one call for all."""
        if not things:
            return {}
        slots: dict[str, list[int]] = {}
        for pin_id, slot in things:
            slots.setdefault(pin_id, []).append(slot)
        pins = self.rows(slots)
        return {thing: _thing_in(pins[thing[0]], thing[1]) for thing in things}

    def wholes(self, pin_ids: Iterable[str]) -> dict[str, Rows | PinUnknown]:
        """For each pin every row of its version, dead ones too, or why there are none."""
        found = self.rows({pin_id: range(SLOTS_READ_AT_ONCE) for pin_id in pin_ids})
        more = {
            pin_id: range(rows[WHOLE_SLOT].object_count + 1)
            for pin_id, rows in found.items()
            if not isinstance(rows, PinUnknown) and rows[WHOLE_SLOT].object_count >= SLOTS_READ_AT_ONCE
        }
        return found | self.rows(more) if more else found

    def rows(self, slots: Mapping[str, Iterable[int]]) -> dict[str, Rows | PinUnknown]:
        """For each pin its rows in these slots and in slot 0, which is alive for sure; or why there are none."""
        wanted = {pin_id: [WHOLE_SLOT, *(slot for slot in each if slot)] for pin_id, each in slots.items()}
        found = self.read(wanted, consistency=self._consistency)
        missing = {pin_id: wanted[pin_id] for pin_id, rows in found.items() if WHOLE_SLOT not in rows}
        if missing:
            found |= self.read(missing, consistency="Strong")
        living = {pin_id: _living(pin_id, rows) for pin_id, rows in found.items()}
        if not any(found.values()) and not self._store.scan(_ANY_PIN, limit=1, consistency=self._consistency):
            return {pin_id: IndexEmpty(f"the index holds no pins at all, so not {pin_id!r}") for pin_id in found}
        with self._lock:
            for rows in living.values():
                for row in rows.values() if isinstance(rows, dict) else ():
                    self._remembered[row.pin_id, row.slot] = row
        return living

    def read(self, slots: Mapping[str, Sequence[int]], *, consistency: Consistency) -> dict[str, Rows]:
        """What is there in these slots, of any version, dead or alive; one call for all pins."""
        keys = [row_key(checked(pin_id), slot) for pin_id, each in slots.items() for slot in each]
        rows: dict[str, Rows] = {pin_id: {} for pin_id in slots}
        for row in self._store.get(keys, consistency=consistency).values():
            rows[row.pin_id][row.slot] = row
        return rows


def check_slot(slot: int) -> int:
    """``slot`` itself; raises QueryInvalid unless it may be an object's."""
    if not 1 <= slot <= MAX_SLOT:
        raise QueryInvalid(f"slot = {slot}: objects are 1 to {MAX_SLOT}; for the whole picture use related()")
    return slot


def _thing_in(rows: Rows | PinUnknown, slot: int) -> Row | PinUnknown:
    if isinstance(rows, PinUnknown):
        return rows
    found = rows.get(slot)
    if found is not None and found.alive:
        return found
    whole = rows[WHOLE_SLOT]
    return ObjectUnknown(f"pin {whole.pin_id!r} has no object {slot}: there are {whole.object_count}")


def checked(pin_id: str) -> str:
    """``pin_id`` itself; raises QueryInvalid if it can be none."""
    try:
        return checked_pin_id(pin_id)
    except EventInvalid as exc:
        raise QueryInvalid(f"pin_id = {pin_id!r:.80}: 1 to 64 of A-Z a-z 0-9 _ - are allowed") from exc


def _living(pin_id: str, rows: Rows) -> Rows | PinUnknown:
    whole = rows.get(WHOLE_SLOT)
    if whole is None:
        return PinUnknown(f"pin {pin_id!r} is not in the index: never published, not indexed yet, or dead")
    if not whole.alive:
        return PinDeleted(f"pin {pin_id!r} was deleted (version {whole.version})")
    return {slot: row for slot, row in rows.items() if row.version == whole.version}
