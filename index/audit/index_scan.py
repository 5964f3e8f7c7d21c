"""The index's side of an audit: every row once, in the order of keys, next to what the topics say of the same pin."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from index.audit.compare import LastOutcome, PinComparison
from index.audit.findings import Finding
from index.audit.index_rows import IndexRows
from index.audit.ledger import AuditLedger
from index.audit.sample import Sample
from pinstream.cli.screen import StartBar
from pinstream.standing import EventPosition, standing_of
from pinstream.store.collection import WHOLE_SLOT, Row
from pinstream.store.vector_store import VectorStore

PAGE_ROWS: Final = 2_000
BEYOND_SLOTS: Final = "~"
"""After every slot of a pin in the order of keys, before the next pin."""
ROWS: Final = "rows"
LIVING: Final = "pins in the index"
DEAD: Final = "dead pins"
_COMPARED_UP_TO: Final = "compared up to"


@dataclass(frozen=True, slots=True)
class BothSides:
    """One pin as the topics and the index know it."""

    pin_id: str
    event: EventPosition | None
    outcome: LastOutcome | None
    rows: Sequence[Row]


class IndexScan:
    """Compares all rows with the ledger, page by page. Calls block, and raise VectorIndexError."""

    def __init__(
        self,
        store: VectorStore,
        ledger: AuditLedger,
        sample: Sample,
        comparison: PinComparison,
        *,
        page_rows: int = PAGE_ROWS,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._sample = sample
        self._comparison = comparison
        self._page_rows = page_rows
        self.rows = IndexRows(store, ledger)

    def run(self, start_bar: StartBar) -> None:
        """Add a finding for each pin that seems wrong; continues after the last whole page."""
        done = self._ledger.progress.get(_COMPARED_UP_TO) or ""
        after = f"{done}#{BEYOND_SLOTS}" if done else ""
        advance = start_bar("rows of the index", self._store.count_between(after, "~"))
        pins = self._merge(self._store.rows(batch_size=self._page_rows, after=after), self._ledger.pins(after=done))
        for page in _pages(pins, self._page_rows):
            rows = [row for pin in page for row in pin.rows]
            sampled = [pin for pin in page if self._sample.takes(pin.pin_id)]
            findings = self._compare(sampled, rows)
            with self._ledger.transaction():
                self._ledger.add_findings([*findings, *self._far_codes(sampled)])
                progress = self._ledger.progress
                progress.increase(ROWS, by=len(rows))
                progress.increase(LIVING, by=sum(any(row.alive for row in pin.rows) for pin in sampled))
                progress.increase(DEAD, by=sum(_is_dead(pin) for pin in sampled))
                progress.set(_COMPARED_UP_TO, page[-1].pin_id)
            advance(len(rows))

    def _compare(self, sampled: Sequence[BothSides], rows: Sequence[Row]) -> list[Finding]:
        findings: list[Finding] = []
        for pin in sampled:
            findings += self._comparison.findings(pin.pin_id, pin.event, pin.outcome, pin.rows)
        findings += [
            Finding(pin_id, "doubled", f"slot {slot} is there {count} times", slot)
            for pin_id, slot, count in self.rows.doubled_keys(rows)
            if self._sample.takes(pin_id)
        ]
        return findings

    def _far_codes(self, sampled: Sequence[BothSides]) -> Iterator[Finding]:
        """Two findings for each code that is far from another of the same picture: either may be the wrong one."""
        for pin in sampled:
            whole = next((row for row in pin.rows if row.slot == WHOLE_SLOT), None)
            other = None if whole is None else self.rows.other_with_far_code(whole)
            if other is not None:
                last_slot = max(row.slot for row in pin.rows)
                yield Finding(pin.pin_id, "code", f"far from that of {other}, which has the same picture", last_slot)
                yield Finding(other, "code", f"far from that of {pin.pin_id}, which has the same picture", 0)

    def _merge(
        self, rows: Iterator[Row], pins: Iterator[tuple[str, EventPosition, LastOutcome | None]]
    ) -> Iterator[BothSides]:
        """Every pin that either side has, in order; both sides are sorted by pin."""
        known = next(pins, None)
        for pin_id, group in groupby(rows, key=lambda row: row.pin_id):
            while known is not None and known[0] < pin_id:
                yield BothSides(*known, ())
                known = next(pins, None)
            if known is not None and known[0] == pin_id:
                yield BothSides(*known, tuple(group))
                known = next(pins, None)
            else:
                outcome = self._ledger.last_outcome(pin_id) if self._sample.takes(pin_id) else None
                yield BothSides(pin_id, None, outcome, tuple(group))
        while known is not None:
            yield BothSides(*known, ())
            known = next(pins, None)


def _pages(pins: Iterator[BothSides], page_rows: int) -> Iterator[list[BothSides]]:
    """Whole pins, about ``page_rows`` rows at a time."""
    page: list[BothSides] = []
    size = 0
    for pin in pins:
        page.append(pin)
        size += 1 + len(pin.rows)
        if size >= page_rows:
            yield page
            page, size = [], 0
    if page:
        yield page


def _is_dead(pin: BothSides) -> bool:
    event = pin.event
    return event is not None and not event.is_deletion and standing_of(event, pin.outcome) == "dead"
