"""The join itself: records in, states of pins out, and every figure that is told of them; without Kafka or Faust."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from pinstream.clock import now_ms
from pinstream.errors import EventInvalid
from pinstream.events import Headers, PinOutcome
from pinstream.lanes import lane_of
from pinstream.standing import event_position
from streams.watch.join.ledger import Objectives, PartitionLedger, Retention
from streams.watch.join.pins import PinState, Publication
from streams.watch.join.windows import OutcomeSample, Windows, report_of
from streams.watch.metrics import WatchMetrics

_CLOCK_SLACK_MS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedRecord:
    """One record, as Kafka gave it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    timestamp_ms: int = 0


@dataclass(frozen=True, slots=True)
class PartitionState:
    """What is known of one partition."""

    ledger: PartitionLedger
    windows: Windows


class Watcher:
    """Joins events with outcomes. The caller keeps the table: it looks up a pin's state and stores what comes back."""

    def __init__(
        self,
        objectives: Objectives,
        keep: Retention,
        metrics: WatchMetrics,
        *,
        swept_to_ms: int = 0,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._objectives = objectives
        self._keep = keep
        self.metrics = metrics
        self.now_ms = now_ms
        self.shares: dict[int, PartitionState] = {}
        self.swept_to_ms = swept_to_ms
        """What fell due by then has been counted: by this process, by one before it, or by who held the partition."""

    @property
    def waiting(self) -> int:
        """Pins that are published and not accounted for: what must be held."""
        return sum(share.ledger.waiting for share in self.shares.values())

    @property
    def ahead(self) -> int:
        """Pins whose outcome was read before their event."""
        return sum(share.ledger.ahead for share in self.shares.values())

    def rebuild(self, partitions: Collection[int], pins: Iterable[tuple[str, PinState]]) -> None:
        """Begin again with exactly these partitions, from the states of all their pins; counters stand still."""
        now_ms = self.now_ms()
        self.shares = {each: self._share(each) for each in partitions}
        for pin_id, state in pins:
            share = self.shares.get(state.partition)
            if share is None:
                continue
            share.ledger.change(pin_id, None, state, now_ms=now_ms)
            if state.outcome is not None:
                for report in _reports(state.outcome, timely=_timely(state.publication)):
                    share.windows.add(report, now_ms=now_ms)
        for share in self.shares.values():
            share.ledger.loaded()
            share.ledger.sweep(self.swept_to_ms)  # overdue before the rebalance or restart: counted then

    def pin_of(self, record: WatchedRecord) -> str | None:
        """Which pin a record is about; None for poison, which is counted and never followed."""
        if not record.key or len(record.key) > 64:
            self.poison(record)
            return None
        return record.key.decode("utf-8", "replace")

    def poison(self, record: WatchedRecord) -> None:
        """A record that is nothing to us: counted, passed by."""
        self.metrics.add("poison", record.topic)
        self._share_of(record.partition).ledger.read_to(lane_of(record.topic), record.offset)

    def event(self, record: WatchedRecord, pin_id: str, known: PinState | None) -> PinState | None:
        """The pin's state after one record of a lane; None where it stays as it is."""
        lane, now_ms = lane_of(record.topic), self.now_ms()
        position = event_position(record)
        if position.version is None:
            self.poison(record)
            return None
        self.metrics.add("events", lane)
        published_at_ms = record.timestamp_ms if 0 < record.timestamp_ms <= now_ms + _CLOCK_SLACK_MS else now_ms
        publication = Publication(
            lane=lane,
            offset=record.offset,
            version=position.version,
            published_at_ms=published_at_ms,
            kind="deletion" if position.is_deletion else "pin",
            since_ms=now_ms if position.republished else published_at_ms,
            republished=position.republished,
        )
        ledger = self._share_of(record.partition).ledger
        ledger.read_to(lane, record.offset)
        state = (known or PinState(partition=record.partition)).with_publication(publication)
        return self._changed(pin_id, known, state)

    def outcome(self, record: WatchedRecord, pin_id: str, known: PinState | None) -> PinState | None:
        """The pin's state after one record of ``pins.indexed``; None where it stays as it is."""
        if record.value is None:
            return None
        try:
            outcome = PinOutcome.decode(record.value)
        except EventInvalid:
            self.metrics.add("poison", record.topic)
            return None
        share = self._share_of(record.partition)
        report = report_of(outcome, timely=_timely(known.publication if known else None))
        share.windows.add(report, now_ms=self.now_ms())
        self._count(report)
        if outcome.visible_at_ms is None:
            share.ledger.told_of(lane_of(outcome.topic), outcome.offset)
        state = (known or PinState(partition=record.partition)).with_outcome(outcome)
        if state.outcome is None:
            return None
        self._judge_probe(outcome, state)
        return self._changed(pin_id, known, state)

    def outlived(self, partition: int) -> list[str]:
        """Pins of a partition whose state need not be held any longer; give each to `forget`."""
        return self._share_of(partition).ledger.outlived(self.now_ms())

    def forget(self, partition: int, pin_id: str, state: PinState) -> None:
        """The table holds it no more."""
        self._share_of(partition).ledger.forget(pin_id, state)

    def sweep(self, as_of_ms: int) -> int:
        """Find what fell due by then: a moment whose outcomes were all read, so that a slow watch accuses nobody.

        How many pins that were.
        """
        self.swept_to_ms = max(self.swept_to_ms, as_of_ms)
        late = [owed for share in self.shares.values() for owed in share.ledger.sweep(as_of_ms)]
        for owed in late:
            self._met(owed.publication, met=False)
        return len(late)

    def _changed(self, pin_id: str, old: PinState | None, new: PinState) -> PinState | None:
        if new == old:
            return None
        now_ms = self.now_ms()
        ledger = self._share_of(new.partition).ledger
        if not ledger.is_overdue(pin_id):
            self._judge(old, new)
        ledger.change(pin_id, old, new, now_ms=now_ms)
        return new

    def _judge(self, old: PinState | None, new: PinState) -> None:
        """Each event is judged once: here when it is accounted for, or by `sweep` when it is due and is not."""
        publication, outcome = new.publication, new.outcome
        judged_before = old is not None and old.standing not in (None, "waiting")
        if publication is None or outcome is None or new.standing != "searchable" or judged_before:
            return
        finished_at_ms = max(outcome.finished_at_ms, publication.since_ms)
        self._met(publication, met=finished_at_ms <= self._objectives.due_at_ms(publication))

    def _judge_probe(self, outcome: PinOutcome, state: PinState) -> None:
        """A pin that was acknowledged in time and found too late was not in time."""
        publication = state.publication
        if publication is None or outcome.visible_at_ms is None or outcome.offset != publication.offset:
            return
        due_at_ms = self._objectives.due_at_ms(publication)
        if outcome.finished_at_ms <= due_at_ms < outcome.visible_at_ms:
            self._met(publication, met=False)

    def _met(self, publication: Publication, *, met: bool) -> None:
        if publication.lane == "live":
            objective = "deletion" if publication.kind == "deletion" else "freshness"
            self.metrics.add("objective", objective, "yes" if met else "no")

    def _count(self, report: OutcomeSample) -> None:
        if report.outcome is not None:
            self.metrics.add("outcomes", report.outcome)
        for measure, value_ms in report.measures:
            if measure in ("freshness", "deletion"):
                self.metrics.observe(measure, value_ms / 1000)
            elif measure != "settled":
                self.metrics.observe("stage", value_ms / 1000, measure)

    def _share(self, partition: int) -> PartitionState:
        return PartitionState(PartitionLedger(partition, self._objectives, self._keep), Windows())

    def _share_of(self, partition: int) -> PartitionState:
        return self.shares.setdefault(partition, self._share(partition))


def _reports(outcome: PinOutcome, *, timely: bool) -> list[OutcomeSample]:
    """Both reports of a pin, of which the state keeps the second."""
    last = report_of(outcome, timely=timely)
    if outcome.visible_at_ms is None:
        return [last]
    stages_ms = {stage: spent for stage, spent in outcome.stages_ms.items() if stage != "visible"}
    first = outcome.model_copy(update={"visible_at_ms": None, "stages_ms": stages_ms})
    return [report_of(first, timely=timely), last]


def _timely(publication: Publication | None) -> bool:
    """Whether its age says something of freshness: not that of one that an operator published again."""
    return publication is None or not publication.republished
