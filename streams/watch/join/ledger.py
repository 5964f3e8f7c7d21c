"""Who is owed: the pins of one partition that are published and not accounted for, and the share that is searchable."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from pinstream.lanes import Lane, lane_of
from pinstream.standing import Standing
from streams.watch.join.pins import Kind, PinState, Publication

STEP_S: Final = 10
_LOOKS_PER_EVENT: Final = 4

Where = Literal["queue", "worker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Objectives:
    """How old a pin may be when it is accounted for, by what it is, ms."""

    pin_ms: int
    deletion_ms: int
    backfill_ms: int

    def due_at_ms(self, publication: Publication) -> int:
        """When this event is overdue."""
        if publication.lane == "backfill":
            return publication.since_ms + self.backfill_ms
        return publication.since_ms + (self.deletion_ms if publication.kind == "deletion" else self.pin_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long, and how many, pins stay after they are accounted for; and how long the others do."""

    settled_ms: int
    settled_pins: int
    waiting_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPin:
    """A pin that is published and not accounted for."""

    pin_id: str
    partition: int
    publication: Publication
    due_at_ms: int
    stuck_in: Where
    """`queue`: the partition is not that far. `worker`: later events of it are settled, this one is being worked on."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the pins published within a window: those due, and of them those that can be found (or are gone)."""

    due: int
    searchable: int
    dead: int
    overdue: int
    waiting: int
    """Within their objective still; not due."""

    @property
    def ratio(self) -> float:
        """1 where nothing is due: of nothing, nothing is missing."""
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
    """One partition's account, kept up by each change of a pin's state; rebuilt from the states alone."""

    def __init__(self, partition: int, objectives: Objectives, keep: Retention) -> None:
        self.partition = partition
        self._objectives = objectives
        self._keep = keep
        # By lane and kind: within one of them, pins fall due in the order in which they came.
        self._waiting: dict[tuple[Lane, Kind], dict[str, Publication]] = {}
        self._overdue: dict[str, Publication] = {}
        self._settled: dict[str, int] = {}
        self._ahead: dict[str, tuple[Lane, int]] = {}
        self._steps: dict[int, Counter[Standing | Literal["overdue"]]] = {}
        self._read: dict[Lane, int] = {}
        self._furthest: dict[Lane, int] = {}

    @property
    def waiting(self) -> int:
        """Pins that are followed because nothing is known of them yet; the overdue among them."""
        return sum(map(len, self._waiting.values())) + len(self._overdue)

    @property
    def ahead(self) -> int:
        """Pins whose outcome was read before their event."""
        return len(self._ahead)

    @property
    def pins(self) -> int:
        """All pins that are held."""
        return self.waiting + len(self._settled) + self.ahead

    def read_to(self, lane: Lane, offset: int) -> None:
        """Every event of the lane up to ``offset`` has been read, or is gone."""
        self._read[lane] = max(self._read.get(lane, -1), offset)

    def told_of(self, lane: Lane, offset: int) -> None:
        """An outcome of the event at ``offset`` has been read."""
        self._furthest[lane] = max(self._furthest.get(lane, -1), offset)

    def change(self, pin_id: str, old: PinState | None, new: PinState, *, now_ms: int) -> None:
        """A pin came to a new state; ``old`` is None for one that was not held."""
        if _is_due_as_before(old, new):
            self._replace_in_order(pin_id, new.publication)
            return
        if old is not None:
            self._take_out(pin_id, old)
        self._put_in(pin_id, new, now_ms=now_ms)

    def loaded(self) -> None:
        """After a rebuild, whose order is anybody's: what waits longest comes first again."""
        for waiting in self._waiting.values():
            in_order = sorted(waiting.items(), key=lambda pair: pair[1].since_ms)
            waiting.clear()
            waiting.update(in_order)
        self._settled = dict(sorted(self._settled.items(), key=lambda pair: pair[1]))

    def sweep(self, now_ms: int) -> list[PendingPin]:
        """The pins that fell due since the last sweep, now overdue."""
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
                late.append(self._owed(pin_id, publication))
        oldest = (now_ms - self._keep.settled_ms) // (STEP_S * 1000)
        for step in [each for each in self._steps if each < oldest]:
            del self._steps[step]
        return late

    def outlived(self, now_ms: int) -> list[str]:
        """A few pins that need not be held any longer, to be given to `forget`; asked at every event, it keeps pace."""
        found: list[str] = []
        for pin_id, settled_at_ms in islice(self._settled.items(), _LOOKS_PER_EVENT):
            too_many = len(self._settled) - len(found) > self._keep.settled_pins
            if too_many or settled_at_ms <= now_ms - self._keep.settled_ms:
                found.append(pin_id)
        for pin_id, (lane, offset) in list(islice(self._ahead.items(), _LOOKS_PER_EVENT)):
            if offset <= self._read.get(lane, -1):
                found.append(pin_id)  # its event was before the watch's beginning, or was none
            else:
                self._ahead[pin_id] = self._ahead.pop(pin_id)  # to the end: the others are looked at next
        if self._overdue:
            pin_id, publication = next(iter(self._overdue.items()))
            if publication.since_ms < now_ms - self._keep.waiting_ms:
                found.append(pin_id)
        return found

    def forget(self, pin_id: str, state: PinState) -> None:
        """Hold it no longer; what it added to the coverage stays."""
        if state.publication is not None:
            self._waiting.get((state.publication.lane, state.publication.kind), {}).pop(pin_id, None)
        self._overdue.pop(pin_id, None)
        self._settled.pop(pin_id, None)
        self._ahead.pop(pin_id, None)

    def is_overdue(self, pin_id: str) -> bool:
        """As of the last sweep."""
        return pin_id in self._overdue

    def overdue(self) -> Iterator[PendingPin]:
        """All that are, as of the last sweep."""
        return (self._owed(pin_id, publication) for pin_id, publication in self._overdue.items())

    def overdue_counts(self) -> Counter[Kind]:
        """How many, by kind."""
        return Counter(publication.kind for publication in self._overdue.values())

    def oldest_ms(self, lane: Lane | None = None) -> int | None:
        """Since when the oldest pin waits that is not accounted for, of all lanes or of one."""
        firsts = [
            next(iter(waiting.values()))
            for (of_lane, _), waiting in self._waiting.items()
            if waiting and lane in (None, of_lane)
        ]
        firsts += islice((owed for owed in self._overdue.values() if lane in (None, owed.lane)), 1)
        return min((publication.since_ms for publication in firsts), default=None)

    def coverage(self, window_s: int, *, now_ms: int) -> Coverage:
        """Of the pins published in the last ``window_s``, in steps of 10 s, each at its newest version."""
        since = (now_ms - window_s * 1000) // (STEP_S * 1000)
        total: Counter[str] = Counter()
        for step, counts in self._steps.items():
            if step > since:
                total.update(counts)
        due = total["searchable"] + total["dead"] + total["overdue"]
        return Coverage(due, total["searchable"], total["dead"], total["overdue"], total["waiting"])

    def _put_in(self, pin_id: str, state: PinState, *, now_ms: int) -> None:
        publication, standing = state.publication, state.standing
        if publication is None or standing is None:
            if state.outcome is not None:
                self._ahead[pin_id] = (lane_of(state.outcome.topic), state.outcome.offset)
        elif standing == "waiting":
            self._waiting.setdefault((publication.lane, publication.kind), {})[pin_id] = publication
            self._count(publication, "waiting", 1)
        else:
            finished_at_ms = now_ms if state.outcome is None else state.outcome.finished_at_ms
            self._settled[pin_id] = min(max(finished_at_ms, publication.published_at_ms), now_ms)
            self._count(publication, standing, 1)

    def _replace_in_order(self, pin_id: str, publication: Publication | None) -> None:
        """The same version was published again: its place in the order, and whether it was counted, stay."""
        for held in (*self._waiting.values(), self._overdue):
            if pin_id in held and publication is not None:
                held[pin_id] = publication

    def _take_out(self, pin_id: str, state: PinState) -> None:
        publication, standing = state.publication, state.standing
        if publication is not None and standing is not None:
            was_overdue = pin_id in self._overdue
            self._count(publication, "overdue" if was_overdue else standing, -1)
        self.forget(pin_id, state)

    def _count(self, publication: Publication, standing: Standing | Literal["overdue"], amount: int) -> None:
        step = publication.since_ms // (STEP_S * 1000)
        counts = self._steps.setdefault(step, Counter())
        counts[standing] = max(counts[standing] + amount, 0)

    def _owed(self, pin_id: str, publication: Publication) -> PendingPin:
        passed = self._furthest.get(publication.lane, -1) > publication.offset
        return PendingPin(
            pin_id=pin_id,
            partition=self.partition,
            publication=publication,
            due_at_ms=self._objectives.due_at_ms(publication),
            stuck_in="worker" if passed else "queue",
        )


def _is_due_as_before(old: PinState | None, new: PinState) -> bool:
    if old is None or not (old.standing == new.standing == "waiting") or old.publication is None:
        return False
    before, now = old.publication, new.publication
    return now is not None and (before.lane, before.kind, before.since_ms) == (now.lane, now.kind, now.since_ms)
