"""The compacted topics against the index: every pin that one of them knows must be as the other says.

Three passes: the topics into a ledger on disk, sorted by pin; the index beside it, by key; then whatever seemed wrong
once more, with what was published and indexed meanwhile, so that a pin on its way is not taken for a lost one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from index.audit.compare import DEAD, LIVING, ROWS, IndexScan
from index.audit.findings import KINDS, Finding, Kind, LastEvent, PinComparison
from index.audit.ledger import AuditLedger
from index.audit.topics import TopicScan
from pinstream.cli.screen import StartBar
from pinstream.clock import now_ms
from pinstream.store.collection import WHOLE_SLOT, Row

_AT_ONCE: Final = 200
_STAGE: Final = "stage"
_UNDER_WAY: Final = "under way"

Committed = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit found."""

    pins: int
    """That the topics know, of the sample."""
    living: int
    """With living rows in the index, of the sample."""
    rows: int
    """Read of the index."""
    dead: int
    """Whose last event is a dead letter: accounted for."""
    under_way: int
    """Not indexed yet, which is no finding: their events are too young, or not committed by the workers."""
    found: Mapping[Kind, int]
    """Pins by what is wrong with them."""
    listed: Sequence[Finding] = ()
    """The first of them."""
    notes: Sequence[str] = ()
    seconds: float = 0.0
    sample: float = 1.0
    mended: Mapping[str, int] = field(default_factory=dict)
    """Pins by what a repair did with them."""
    published: int = 0
    """Of these, those that were published again."""

    @property
    def findings(self) -> int:
        """How many in all."""
        return sum(self.found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """When a pin counts as under way."""

    group: str
    """The workers' consumer group: what it has not committed is not done."""
    grace_s: float


class Audit:
    """One audit; everything it learns is in the ledger, so a second one with the same ledger goes on."""

    def __init__(
        self,
        hearing: TopicScan,
        comparison: IndexScan,
        ledger: AuditLedger,
        judge: PinComparison,
        *,
        patience: UnderWay,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._hearing = hearing
        self._comparison = comparison
        self._ledger = ledger
        self._judge = judge
        self._patience = patience
        self._now_ms = now_ms

    def run(self, steps: StartBar) -> AuditReport:
        """Blocks for as long as it takes; raises KafkaAway and VectorIndexError, and can be run again after that."""
        stages: tuple[tuple[str, Callable[[StartBar], object]], ...] = (
            ("topics", self._hearing.listen),
            ("index", self._comparison.compare),
        )
        for name, stage in stages:
            if self._ledger.noted(f"{_STAGE} {name}") is None:
                stage(steps)
                self._ledger.note(f"{_STAGE} {name}", "done")
        notes = self._look_again(steps)
        found = self._ledger.found()
        return AuditReport(
            pins=self._ledger.pins(),
            living=self._ledger.counted(LIVING),
            rows=self._ledger.counted(ROWS),
            dead=self._ledger.counted(DEAD),
            under_way=self._ledger.counted(_UNDER_WAY),
            found={kind: found.get(kind, 0) for kind in KINDS},
            notes=notes,
        )

    def _look_again(self, steps: StartBar) -> list[str]:
        """Keep only findings that stand, now that everything published since is known."""
        self._hearing.listen(steps, again=True)
        # Before the rows are read: what is committed by now must be in them.
        committed = self._hearing.committed(self._patience.group)
        step = steps("findings, once more", sum(self._ledger.found().values()))
        self._ledger.note(_UNDER_WAY, "0")
        after = ""
        while pins := self._ledger.pins_found(after=after, limit=_AT_ONCE):
            before = _by_pin(self._ledger.findings(pins=pins))
            rows = self._comparison.reread(pins, [max(each.last_slot for each in before[pin]) for pin in pins])
            with self._ledger.saving():
                for pin in pins:
                    word, outcome = self._ledger.word(pin), self._ledger.outcome(pin)
                    now = self._judge.findings(pin, word, outcome, rows[pin])
                    now += [each for each in before[pin] if self._stands(each, rows[pin])]
                    self._ledger.clear([pin])
                    if now and word is not None and self._is_under_way(word, committed):
                        self._ledger.count(_UNDER_WAY, more=1)
                    else:
                        self._ledger.find(now)
            step(sum(len(each) for each in before.values()))
            after = pins[-1]
        if committed:
            return []
        return [
            f"group {self._patience.group} has committed nothing: pins on their way are told by their age only, "
            f"{self._patience.grace_s:g} s"
        ]

    def _stands(self, before: Finding, rows: Sequence[Row]) -> bool:
        """Whether something that one pin's rows do not show by themselves is still so."""
        if before.kind == "doubled":
            return any(self._comparison.copies(sorted(rows, key=lambda row: row.key)))
        return before.kind == "code" and any(self._comparison.is_far(row) for row in rows if row.slot == WHOLE_SLOT)

    def _is_under_way(self, word: LastEvent, committed: Committed) -> bool:
        """Whether the workers have not come to its event yet, or only just."""
        if self._now_ms() - word.at_ms < self._patience.grace_s * 1000:
            return True
        done = committed.get((word.lane, word.partition))
        return done is not None and word.offset >= done


def _by_pin(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.pin_id, []).append(finding)
    return found
