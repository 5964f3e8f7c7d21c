"""An audit: every pin that the topics or the index know must be in the index as the topics say.

Three stages: the topics into a ledger on disk, sorted by pin; the index next to it, in the order of keys; then every
finding again, with what was published and indexed meanwhile, so that a pin in progress is not reported as missing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from index.audit.compare import PinComparison
from index.audit.findings import KINDS, Finding, Kind
from index.audit.index_scan import DEAD, LIVING, ROWS, IndexScan
from index.audit.ledger import AuditLedger
from index.audit.topic_scan import TopicScan
from pinstream.cli.screen import StartBar
from pinstream.clock import now_ms
from pinstream.standing import EventPosition
from pinstream.store.collection import WHOLE_SLOT, Row

_CHUNK: Final = 200
_STAGE: Final = "stage"
_IN_PROGRESS: Final = "in progress"

CommittedOffsets = Mapping[tuple[str, int], int]
"""By topic and partition, the offset that the workers read next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit found."""

    pins: int
    """In the topics, of the sample."""
    living: int
    """With living rows in the index, of the sample."""
    rows: int
    """Read from the index."""
    dead: int
    """Whose last event is a dead letter: accounted for."""
    in_progress: int
    """Not indexed yet, and no findings: their events are too young, or not committed by the workers."""
    found: Mapping[Kind, int]
    """Pins by kind of finding."""
    listed: Sequence[Finding] = ()
    """The first findings."""
    notes: Sequence[str] = ()
    seconds: float = 0.0
    sample: float = 1.0
    repaired: Mapping[str, int] = field(default_factory=dict)
    """Pins by what a repair did with them."""
    published: int = 0
    """Those of them that were published again."""

    @property
    def findings(self) -> int:
        return sum(self.found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class InProgressRule:
    """A pin is in progress while the workers have not committed its event, or while the event is young."""

    group: str
    """The workers' consumer group."""
    grace_s: float

    def applies(self, event: EventPosition, committed: CommittedOffsets, *, now_ms: int) -> bool:
        if now_ms - event.published_at_ms < self.grace_s * 1000:
            return True
        next_offset = committed.get((event.topic, event.partition))
        return next_offset is not None and event.offset >= next_offset


class Audit:
    """All that an audit learns is in the ledger, so another one with the same ledger continues it."""

    def __init__(
        self,
        topics: TopicScan,
        index: IndexScan,
        ledger: AuditLedger,
        comparison: PinComparison,
        *,
        in_progress: InProgressRule,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._topics = topics
        self._index = index
        self._ledger = ledger
        self._comparison = comparison
        self._in_progress = in_progress
        self._now_ms = now_ms

    def run(self, start_bar: StartBar) -> AuditReport:
        """Blocks until it is done; raises KafkaUnreachable and VectorIndexError, and can be run again after that."""
        self._run_once("topics", self._topics.read, start_bar)
        self._run_once("index", self._index.run, start_bar)
        notes = self._check_again(start_bar)
        progress, found = self._ledger.progress, self._ledger.finding_counts()
        return AuditReport(
            pins=self._ledger.pin_count(),
            living=progress.count(LIVING),
            rows=progress.count(ROWS),
            dead=progress.count(DEAD),
            in_progress=progress.count(_IN_PROGRESS),
            found={kind: found.get(kind, 0) for kind in KINDS},
            notes=notes,
        )

    def _run_once(self, name: str, stage: Callable[[StartBar], None], start_bar: StartBar) -> None:
        """Skip a stage that an interrupted audit has finished."""
        if self._ledger.progress.get(f"{_STAGE} {name}") is None:
            stage(start_bar)
            self._ledger.progress.set(f"{_STAGE} {name}", "done")

    def _check_again(self, start_bar: StartBar) -> list[str]:
        """Keep only findings that are still true, now that everything published since is known; notes."""
        self._topics.read_since(start_bar)
        # Asked before the rows are read: what is committed by now must be in them.
        committed = self._topics.committed_offsets(self._in_progress.group)
        advance = start_bar("findings, checked again", sum(self._ledger.finding_counts().values()))
        self._ledger.progress.set(_IN_PROGRESS, "0")
        after = ""
        while pins := self._ledger.pins_with_findings(after=after, limit=_CHUNK):
            before: dict[str, list[Finding]] = {pin: [] for pin in pins}
            for finding in self._ledger.findings(pins=pins):
                before[finding.pin_id].append(finding)
            rows = self._index.rows.read(pins, [max(each.last_slot for each in before[pin]) for pin in pins])
            with self._ledger.transaction():
                for pin in pins:
                    self._check_pin(pin, before[pin], rows[pin], committed)
            advance(sum(map(len, before.values())))
            after = pins[-1]
        if committed:
            return []
        return [
            f"group {self._in_progress.group} has committed nothing: only pins younger than "
            f"{self._in_progress.grace_s:g} s count as in progress"
        ]

    def _check_pin(self, pin: str, before: Sequence[Finding], rows: Sequence[Row], committed: CommittedOffsets) -> None:
        event, outcome = self._ledger.last_event(pin), self._ledger.last_outcome(pin)
        now = self._comparison.findings(pin, event, outcome, rows)
        now += [each for each in before if self._is_still_true(each, rows)]
        self._ledger.clear_findings([pin])
        if now and event is not None and self._in_progress.applies(event, committed, now_ms=self._now_ms()):
            self._ledger.progress.increase(_IN_PROGRESS, by=1)
        else:
            self._ledger.add_findings(now)

    def _is_still_true(self, before: Finding, rows: Sequence[Row]) -> bool:
        """Whether a finding still holds that the pin's own rows do not show."""
        if before.kind == "doubled":
            return any(self._index.rows.doubled_keys(sorted(rows, key=lambda row: row.key)))
        return before.kind == "code" and any(
            self._index.rows.still_has_far_code(row) for row in rows if row.slot == WHOLE_SLOT
        )
