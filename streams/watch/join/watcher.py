"""The join: records in, states of pins out, and the figures made of them. It knows neither Kafka nor Faust."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from pinstream.clock import now_ms
from pinstream.errors import EventInvalid
from pinstream.events import PinOutcome
from pinstream.kafka.stored_record import StoredRecord
from pinstream.lanes import lane_of
from pinstream.standing import event_position
from streams.watch.join.ledger import Objectives, PartitionLedger, Retention
from streams.watch.join.pins import PinState, Publication
from streams.watch.join.windows import OutcomeSample, Windows, sample_of
from streams.watch.metrics import WatchMetrics

_CLOCK_SLACK_MS: Final = 1_000
_MAX_KEY_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class PartitionState:
    """What is known of one partition."""

    ledger: PartitionLedger
    windows: Windows


class Watcher:
    """Joins events with outcomes. The caller keeps the table: it looks up a pin's state and stores the new one."""

    def __init__(
        self,
        objectives: Objectives,
        keep: Retention,
        metrics: WatchMetrics,
        *,
        counted_to_ms: int = 0,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._objectives = objectives
        self._keep = keep
        self.metrics = metrics
        self.now_ms = now_ms
        self.partitions: dict[int, PartitionState] = {}
        self.counted_to_ms = counted_to_ms
        """Pins that fell due up to then are in the counter already: this process counted them, or an earlier one, or
        the instance that had the partition before."""

    @property
    def waiting(self) -> int:
        """Pins that are not accounted for: they must stay in the table."""
        return sum(each.ledger.waiting for each in self.partitions.values())

    @property
    def ahead(self) -> int:
        """Pins whose outcome was read before their event."""
        return sum(each.ledger.ahead for each in self.partitions.values())

    def rebuild(self, partitions: Collection[int], pins: Iterable[tuple[str, PinState]]) -> None:
        """Start again with exactly these partitions and the states of all their pins; counters do not move."""
        now_ms = self.now_ms()
        self.partitions = {each: self._new_partition(each) for each in partitions}
        for pin_id, state in pins:
            partition = self.partitions.get(state.partition)
            if partition is None:
                continue
            partition.ledger.change(pin_id, None, state, now_ms=now_ms)
            if state.outcome is not None:
                for sample in _samples_of(state.outcome, with_age=_has_age(state.publication)):
                    partition.windows.add(sample, now_ms=now_ms)
        for partition in self.partitions.values():
            partition.ledger.restore_order()
            partition.ledger.mark_overdue(self.counted_to_ms)  # counted before the rebalance or restart

    def pin_of(self, record: StoredRecord) -> str | None:
        """The pin that a record is about; None, and counted, if its key cannot be a pin id."""
        if not record.key or len(record.key) > _MAX_KEY_BYTES:
            self._count_unreadable(record)
            return None
        return record.key.decode("utf-8", "replace")

    def add_event(self, record: StoredRecord, pin_id: str, known: PinState | None) -> PinState | None:
        """The pin's state after one record of a lane; None where it does not change."""
        lane, now_ms = lane_of(record.topic), self.now_ms()
        position = event_position(record)
        if position.version is None:
            self._count_unreadable(record)
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
        self._of_partition(record.partition).ledger.note_event(lane, record.offset)
        state = (known or PinState(partition=record.partition)).with_publication(publication)
        return self._change(pin_id, known, state)

    def add_outcome(self, record: StoredRecord, pin_id: str, known: PinState | None) -> PinState | None:
        """The pin's state after one record of ``pins.indexed``; None where it does not change."""
        if record.value is None:
            return None
        try:
            outcome = PinOutcome.decode(record.value)
        except EventInvalid:
            self.metrics.add("poison", record.topic)
            return None
        partition = self._of_partition(record.partition)
        sample = sample_of(outcome, with_age=_has_age(known.publication if known else None))
        partition.windows.add(sample, now_ms=self.now_ms())
        self._count_sample(sample)
        if outcome.visible_at_ms is None:
            partition.ledger.note_outcome(lane_of(outcome.topic), outcome.offset)
        state = (known or PinState(partition=record.partition)).with_outcome(outcome)
        if state.outcome is None:
            return None
        self._count_if_found_late(outcome, state)
        return self._change(pin_id, known, state)

    def expired(self, partition: int) -> list[str]:
        """Pins of a partition that need not stay in the table; give each to `forget`."""
        return self._of_partition(partition).ledger.expired(self.now_ms())

    def forget(self, partition: int, pin_id: str, state: PinState) -> None:
        """The pin is no longer in the table."""
        self._of_partition(partition).ledger.forget(pin_id, state)

    def mark_overdue(self, as_of_ms: int) -> int:
        """Count the pins that fell due by then; returns how many.

        Every outcome that was on Kafka at ``as_of_ms`` must have been read: else a slow watch would call pins overdue
        that are indexed.
        """
        self.counted_to_ms = max(self.counted_to_ms, as_of_ms)
        late = [pin for each in self.partitions.values() for pin in each.ledger.mark_overdue(as_of_ms)]
        for pin in late:
            self._count_objective(pin.publication, met=False)
        return len(late)

    def _count_unreadable(self, record: StoredRecord) -> None:
        self.metrics.add("poison", record.topic)
        self._of_partition(record.partition).ledger.note_event(lane_of(record.topic), record.offset)

    def _change(self, pin_id: str, old: PinState | None, new: PinState) -> PinState | None:
        if new == old:
            return None
        ledger = self._of_partition(new.partition).ledger
        if not ledger.is_overdue(pin_id):
            self._count_if_accounted_for(old, new)
        ledger.change(pin_id, old, new, now_ms=self.now_ms())
        return new

    def _count_if_accounted_for(self, old: PinState | None, new: PinState) -> None:
        """Each event counts once: here when it is accounted for, or in `mark_overdue` when it falls due before."""
        publication, outcome = new.publication, new.outcome
        was_counted = old is not None and old.standing not in (None, "waiting")
        if publication is None or outcome is None or new.standing != "searchable" or was_counted:
            return
        finished_at_ms = max(outcome.finished_at_ms, publication.since_ms)
        self._count_objective(publication, met=finished_at_ms <= self._objectives.due_at_ms(publication))

    def _count_if_found_late(self, outcome: PinOutcome, state: PinState) -> None:
        """A pin that was acknowledged in time, and that a search found too late, was not in time."""
        publication = state.publication
        if publication is None or outcome.visible_at_ms is None or outcome.offset != publication.offset:
            return
        due_at_ms = self._objectives.due_at_ms(publication)
        if outcome.finished_at_ms <= due_at_ms < outcome.visible_at_ms:
            self._count_objective(publication, met=False)

    def _count_objective(self, publication: Publication, *, met: bool) -> None:
        if publication.lane == "live":
            objective = "deletion" if publication.kind == "deletion" else "freshness"
            self.metrics.add("objective", objective, "yes" if met else "no")

    def _count_sample(self, sample: OutcomeSample) -> None:
        if sample.outcome is not None:
            self.metrics.add("outcomes", sample.outcome)
        for measure, value_ms in sample.measures:
            if measure in ("freshness", "deletion"):
                self.metrics.observe(measure, value_ms / 1000)
            elif measure != "acknowledged":
                self.metrics.observe("stage", value_ms / 1000, measure)

    def _new_partition(self, partition: int) -> PartitionState:
        return PartitionState(PartitionLedger(partition, self._objectives, self._keep), Windows())

    def _of_partition(self, partition: int) -> PartitionState:
        found = self.partitions.get(partition)
        if found is None:
            found = self.partitions[partition] = self._new_partition(partition)
        return found


def _samples_of(outcome: PinOutcome, *, with_age: bool) -> list[OutcomeSample]:
    """Those of both records of a probed pin, of which its state keeps only the second."""
    last = sample_of(outcome, with_age=with_age)
    if outcome.visible_at_ms is None:
        return [last]
    stages_ms = {stage: spent for stage, spent in outcome.stages_ms.items() if stage != "visible"}
    first = outcome.model_copy(update={"visible_at_ms": None, "stages_ms": stages_ms})
    return [sample_of(first, with_age=with_age), last]


def _has_age(publication: Publication | None) -> bool:
    """Whether the age says something about freshness; that of an event that an operator published again does not."""
    return publication is None or not publication.republished
