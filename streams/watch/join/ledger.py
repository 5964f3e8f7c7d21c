"""The pins of one partition: which are waiting or overdue, and which share of those published lately is searchable."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from pinstream.lanes import Lane, lane_of
from pinstream.standing import Standing
from streams.watch.join.pins import Kind, PinState, Publication

STEP_S: Final = 10
_CHECKS_PER_EVENT: Final = 4

StuckIn = Literal["queue", "worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """How old an event may be when it is accounted for, ms."""

    pin_ms: int
    deletion_ms: int
    backfill_ms: int

    def due_at_ms(self, publication: Publication) -> int:
        if publication.lane == "backfill":
            return publication.since_ms + self.backfill_ms
        return publication.since_ms + (self.deletion_ms if publication.kind == "deletion" else self.pin_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long pins stay in the table after they are accounted for, and how many; and how long the others stay."""

    accounted_ms: int
    accounted_pins: int
    waiting_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPin:
    """A pin that is published and not accounted for."""

    pin_id: str
    partition: int
    publication: Publication
    due_at_ms: int
    stuck_in: StuckIn
    """`queue`: no outcome of a later event of its lane was read, so no worker has come to it. `worker`: one was."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the pins published within a window: how many are due, and how many of them searchable, dead or overdue."""

    due: int
    searchable: int
    dead: int
    overdue: int
    waiting: int
    """Still within their objective, so not due."""

    @property
    def ratio(self) -> float:
        """1 where nothing is due."""
        return self.searchable / self.due if self.due else 1.0

    def __add__(self, other: "Coverage") -> "Coverage":
        return Coverage(
            self.due + other.due,
            self.searchable + other.searchable,
            self.dead + other.dead,
            self.overdue + other.overdue,
            self.waiting + other.waiting,
        )


class PartitionLedger:
    """One partition, updated with each change of a pin's state; it can be rebuilt from the states alone."""

    def __init__(self, partition: int, objectives: Objectives, keep: Retention) -> None:
        self.partition = partition
        self._objectives = objectives
        self._keep = keep
        # One dict for each lane and kind: within it all have the same objective, so they fall due in the order in which
        # they were added, and `mark_overdue` need only look at the first.
        self._waiting: dict[tuple[Lane, Kind], dict[str, Publication]] = {}
        self._overdue: dict[str, Publication] = {}
        self._accounted_at_ms: dict[str, int] = {}
        self._ahead: dict[str, tuple[Lane, int]] = {}
        self._steps: dict[int, Counter[Standing | Literal["overdue"]]] = {}
        self._last_event: dict[Lane, int] = {}
        self._last_outcome: dict[Lane, int] = {}

    @property
    def waiting(self) -> int:
        """Pins that are not accounted for, the overdue ones among them."""
        return sum(map(len, self._waiting.values())) + len(self._overdue)

    @property
    def ahead(self) -> int:
        """Pins whose outcome was read before their event."""
        return len(self._ahead)

    @property
    def pins(self) -> int:
        """All pins in the table."""
        return self.waiting + len(self._accounted_at_ms) + self.ahead

    def note_event(self, lane: Lane, offset: int) -> None:
        """A record of the lane was read, so every record before it was read too, or compacted away."""
        self._last_event[lane] = max(self._last_event.get(lane, -1), offset)

    def note_outcome(self, lane: Lane, offset: int) -> None:
        """The outcome of the event at ``offset`` was read."""
        self._last_outcome[lane] = max(self._last_outcome.get(lane, -1), offset)

    def change(self, pin_id: str, old: PinState | None, new: PinState, *, now_ms: int) -> None:
        """A pin has a new state; ``old`` is None for one that was not in the table."""
        if _is_due_as_before(old, new):
            self._replace_publication(pin_id, new.publication)
            return
        if old is not None:
            self._remove(pin_id, old)
        self._add(pin_id, new, now_ms=now_ms)

    def restore_order(self) -> None:
        """To be called after a rebuild: the table is in no order, and what has been waiting longest must come first."""
        for waiting in self._waiting.values():
            in_order = sorted(waiting.items(), key=lambda pair: pair[1].since_ms)
            waiting.clear()
            waiting.update(in_order)
        self._accounted_at_ms = dict(sorted(self._accounted_at_ms.items(), key=lambda pair: pair[1]))

    def mark_overdue(self, now_ms: int) -> list[PendingPin]:
        """The pins that fell due since the last call."""
        late = []
        for waiting in self._waiting.values():
            while waiting:
                pin_id, publication = next(iter(waiting.items()))
                if self._objectives.due_at_ms(publication) > now_ms:
                    break
                del waiting[pin_id]
                self._overdue[pin_id] = publication
                self._count(publication, "waiting", -1)
                self._count(publication, "overdue", 1)
                late.append(self._pending(pin_id, publication))
        oldest = (now_ms - self._keep.accounted_ms) // (STEP_S * 1000)
        for step in [each for each in self._steps if each < oldest]:
            del self._steps[step]
        return late

    def expired(self, now_ms: int) -> list[str]:
        """At most nine pins that may leave the table. It is called at every event, so the table does not grow."""
        found: list[str] = []
        for pin_id, accounted_at_ms in islice(self._accounted_at_ms.items(), _CHECKS_PER_EVENT):
            too_many = len(self._accounted_at_ms) - len(found) > self._keep.accounted_pins
            if too_many or accounted_at_ms <= now_ms - self._keep.accounted_ms:
                found.append(pin_id)
        for pin_id, (lane, offset) in list(islice(self._ahead.items(), _CHECKS_PER_EVENT)):
            if offset <= self._last_event.get(lane, -1):
                found.append(pin_id)  # its event was published before the watch's first record, or does not decode
            else:
                self._ahead[pin_id] = self._ahead.pop(pin_id)  # to the end, so that the next call checks others
        if self._overdue:
            pin_id, publication = next(iter(self._overdue.items()))
            if publication.since_ms < now_ms - self._keep.waiting_ms:
                found.append(pin_id)
        return found

    def forget(self, pin_id: str, state: PinState) -> None:
        """The pin leaves the table; what it added to the coverage stays."""
        if state.publication is not None:
            self._waiting.get((state.publication.lane, state.publication.kind), {}).pop(pin_id, None)
        self._overdue.pop(pin_id, None)
        self._accounted_at_ms.pop(pin_id, None)
        self._ahead.pop(pin_id, None)

    def is_overdue(self, pin_id: str) -> bool:
        """As of the last `mark_overdue`."""
        return pin_id in self._overdue

    def overdue(self) -> Iterator[PendingPin]:
        """As of the last `mark_overdue`."""
        return (self._pending(pin_id, publication) for pin_id, publication in self._overdue.items())

    def overdue_counts(self) -> Counter[Kind]:
        return Counter(publication.kind for publication in self._overdue.values())

    def oldest_ms(self, lane: Lane | None = None) -> int | None:
        """Since when the oldest pin that is not accounted for has been waiting, in one lane or in both."""
        firsts = [
            next(iter(waiting.values()))
            for (of_lane, _), waiting in self._waiting.items()
            if waiting and lane in (None, of_lane)
        ]
        firsts += islice((each for each in self._overdue.values() if lane in (None, each.lane)), 1)
        return min((publication.since_ms for publication in firsts), default=None)

    def coverage(self, window_s: int, *, now_ms: int) -> Coverage:
        """Of the pins published in the last ``window_s``, in steps of 10 s; each pin counts at its newest version."""
        since = (now_ms - window_s * 1000) // (STEP_S * 1000)
        total: Counter[str] = Counter()
        for step, counts in self._steps.items():
            if step > since:
                total.update(counts)
        due = total["searchable"] + total["dead"] + total["overdue"]
        return Coverage(due, total["searchable"], total["dead"], total["overdue"], total["waiting"])

    def _add(self, pin_id: str, state: PinState, *, now_ms: int) -> None:
        publication, standing = state.publication, state.standing
        if publication is None or standing is None:
            if state.outcome is not None:
                self._ahead[pin_id] = (lane_of(state.outcome.topic), state.outcome.offset)
        elif standing == "waiting":
            self._waiting.setdefault((publication.lane, publication.kind), {})[pin_id] = publication
            self._count(publication, "waiting", 1)
        else:
            finished_at_ms = now_ms if state.outcome is None else state.outcome.finished_at_ms
            self._accounted_at_ms[pin_id] = min(max(finished_at_ms, publication.published_at_ms), now_ms)
            self._count(publication, standing, 1)

    def _replace_publication(self, pin_id: str, publication: Publication | None) -> None:
        """In place: the order, and whether the pin was counted as overdue, stay as they are."""
        for pins in (*self._waiting.values(), self._overdue):
            if pin_id in pins and publication is not None:
                pins[pin_id] = publication

    def _remove(self, pin_id: str, state: PinState) -> None:
        publication, standing = state.publication, state.standing
        if publication is not None and standing is not None:
            was_overdue = pin_id in self._overdue
            self._count(publication, "overdue" if was_overdue else standing, -1)
        self.forget(pin_id, state)

    def _count(self, publication: Publication, standing: Standing | Literal["overdue"], amount: int) -> None:
        step = publication.since_ms // (STEP_S * 1000)
        counts = self._steps.setdefault(step, Counter())
        counts[standing] = max(counts[standing] + amount, 0)

    def _pending(self, pin_id: str, publication: Publication) -> PendingPin:
        was_passed = self._last_outcome.get(publication.lane, -1) > publication.offset
        return PendingPin(
            pin_id=pin_id,
            partition=self.partition,
            publication=publication,
            due_at_ms=self._objectives.due_at_ms(publication),
            stuck_in="worker" if was_passed else "queue",
        )


def _is_due_as_before(old: PinState | None, new: PinState) -> bool:
    """Whether the same version was only published again, and is waiting as before."""
    if old is None or not (old.standing == new.standing == "waiting") or old.publication is None:
        return False
    before, now = old.publication, new.publication
    return now is not None and (before.lane, before.kind, before.since_ms) == (now.lane, now.kind, now.since_ms)
