"""The index's side of an audit: every row once, by key, beside what the topics say in the same order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from index.audit.findings import Finding, LastEvent, LastOutcome, PinComparison, far_apart
from index.audit.ledger import AuditLedger
from index.audit.sample import Sample
from pinstream.cli.screen import StartBar
from pinstream.store.collection import WHOLE_SLOT, Row, row_key
from pinstream.store.vector_store import VectorStore

PAGE_ROWS: Final = 2_000
BEYOND_SLOTS: Final = "~"
"""After every slot of a pin in the order of keys, before the next pin."""
MAX_SLOTS: Final = 256
"""No pin has so many; a row that says so is not believed."""
ROWS: Final = "rows"
LIVING: Final = "pins in the index"
DEAD: Final = "dead"
_SHA256_CHARS: Final = 64
_DIGEST_BYTES: Final = 16
_CURSOR: Final = "compared up to"


@dataclass(frozen=True, slots=True)
class BothSides:
    """One pin as both sides know it."""

    pin_id: str
    word: LastEvent | None
    outcome: LastOutcome | None
    rows: Sequence[Row]


class IndexScan:
    """Walks the index beside the ledger, in pages that are kept whole. Calls block."""

    def __init__(
        self,
        store: VectorStore,
        ledger: AuditLedger,
        sample: Sample,
        judge: PinComparison,
        *,
        page_rows: int = PAGE_ROWS,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._sample = sample
        self._judge = judge
        self._page_rows = page_rows

    def compare(self, steps: StartBar) -> None:
        """Note a finding for each pin that seems wrong. Goes on where it was cut off."""
        done = self._ledger.noted(_CURSOR) or ""
        after = f"{done}#{BEYOND_SLOTS}" if done else ""
        step = steps("rows of the index", self._store.count_between(after, "~"))
        rows = self._store.rows(batch_size=self._page_rows, after=after)
        for page in _pages(self._merged(rows, self._ledger.words(after=done)), self._page_rows):
            found = [row for both in page for row in both.rows]
            sampled = [both for both in page if self._sample.takes(both.pin_id)]
            findings = [each for both in sampled for each in self._of(both)]
            findings += [
                Finding(pin_id, "doubled", f"slot {slot} is there {times} times", slot)
                for pin_id, slot, times in self.copies(found)
                if self._sample.takes(pin_id)
            ]
            with self._ledger.saving():
                self._ledger.find([*findings, *self._strangers(sampled)])
                self._ledger.count(ROWS, more=len(found))
                self._ledger.count(LIVING, more=sum(any(row.alive for row in both.rows) for both in sampled))
                self._ledger.count(DEAD, more=sum(_is_dead(both) for both in sampled))
                self._ledger.note(_CURSOR, page[-1].pin_id)
            step(len(found))

    def copies(self, rows: Sequence[Row]) -> Iterator[tuple[str, int, int]]:
        """Pin, slot and how often, of keys that are there more than once; ``rows`` are all of a range, by key.

        A query shows one row of a key, so rows are counted, and the half that has too many is looked at again.
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
        yield from self.copies(rows[:middle])
        yield from self.copies(rows[middle:])

    def reread(self, pins: Sequence[str], slots: Sequence[int]) -> dict[str, list[Row]]:
        """The rows of some pins now, at Strong: slot 0, and the slots that it or ``slots`` (the last of each) name."""
        wholes = self._store.get([row_key(pin, WHOLE_SLOT) for pin in pins])
        found: dict[str, list[Row]] = {pin: [] for pin in pins}
        keys = []
        for pin, last in zip(pins, slots, strict=True):
            whole = wholes.get(row_key(pin, WHOLE_SLOT))
            objects = 0
            if whole is not None:
                found[pin].append(whole)
                objects = whole.object_count
            keys += [row_key(pin, slot) for slot in range(1, min(max(objects, last), MAX_SLOTS) + 1)]
        for row in self._store.get(keys).values():
            found[row.pin_id].append(row)
        return found

    def is_far(self, whole: Row) -> bool:
        """Whether a living whole picture is still far from another, or others from it, that show the same."""
        digest = _digest(whole)
        if digest is None:
            return False
        code, owner = self._ledger.picture(digest, whole.code, whole.pin_id)
        return code == whole.code if owner == whole.pin_id else far_apart(code, whole.code)

    def _of(self, both: BothSides) -> list[Finding]:
        return self._judge.findings(both.pin_id, both.word, both.outcome, both.rows)

    def _merged(
        self, rows: Iterator[Row], words: Iterator[tuple[str, LastEvent, LastOutcome | None]]
    ) -> Iterator[BothSides]:
        """Both sides by pin; what only one of them knows too."""
        known = next(words, None)
        for pin_id, group in groupby(rows, key=lambda row: row.pin_id):
            while known is not None and known[0] < pin_id:
                yield BothSides(*known, ())
                known = next(words, None)
            if known is not None and known[0] == pin_id:
                yield BothSides(*known, tuple(group))
                known = next(words, None)
            else:
                outcome = self._ledger.outcome(pin_id) if self._sample.takes(pin_id) else None
                yield BothSides(pin_id, None, outcome, tuple(group))
        while known is not None:
            yield BothSides(*known, ())
            known = next(words, None)

    def _strangers(self, page: Sequence[BothSides]) -> Iterator[Finding]:
        """Whole pictures whose code is far from that of another pin with the same picture."""
        for both in page:
            whole = next((row for row in both.rows if row.slot == WHOLE_SLOT), None)
            digest = None if whole is None else _digest(whole)
            if whole is None or digest is None:
                continue
            code, other = self._ledger.picture(digest, whole.code, both.pin_id)
            if far_apart(code, whole.code):
                last = max(row.slot for row in both.rows)
                yield Finding(both.pin_id, "code", f"far from that of {other}, which has the same picture", last)
                yield Finding(other, "code", f"far from that of {both.pin_id}, which has the same picture", 0)


def _pages(merged: Iterator[BothSides], page_rows: int) -> Iterator[list[BothSides]]:
    """Some pins at a time, whole, a page of rows or so."""
    page: list[BothSides] = []
    size = 0
    for both in merged:
        page.append(both)
        size += 1 + len(both.rows)
        if size >= page_rows:
            yield page
            page, size = [], 0
    if page:
        yield page


def _digest(whole: Row) -> bytes | None:
    """Enough of a living picture's SHA-256 to tell it from all others; None where the row has none."""
    if not whole.alive or len(whole.image_sha256) != _SHA256_CHARS:
        return None
    try:
        return bytes.fromhex(whole.image_sha256)[:_DIGEST_BYTES]
    except ValueError:
        return None


def _is_dead(both: BothSides) -> bool:
    word, outcome = both.word, both.outcome
    return word is not None and not word.deleted and outcome is not None and outcome.ended_dead(word)
