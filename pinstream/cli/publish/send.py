"""Drafts through a publisher at a steady rate, and what became of each."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pinstream.cli.publish.drafts import Draft, RejectedDraft
from pinstream.errors import EventInvalid, NotDelivered
from pinstream.kafka.publishing.delivery import Delivery
from pinstream.publish import Publisher


@dataclass(slots=True)
class PublishCounts:
    """What became of the drafts so far. Deliveries report from the publisher's thread."""

    delivered: int = 0
    versions: dict[str, int] | None = None
    """The last version delivered of each pin; None: nobody will ask, and there may be millions."""
    problems: list[RejectedDraft] = field(default_factory=list)
    """What could never be published."""
    undelivered: dict[str, str] = field(default_factory=dict)
    """Pins that Kafka did not acknowledge, and why."""
    stopped: bool = False
    """Whether the rest was left alone, because Kafka was away or somebody pressed Ctrl-C."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, delivery: Delivery) -> None:
        """Count a delivery that has ended."""
        try:
            delivered = delivery.result(0)
        except (NotDelivered, EventInvalid) as exc:
            with self._lock:
                self.undelivered[delivery.pin_id] = str(exc)
            return
        with self._lock:
            self.delivered += 1
            if self.versions is not None:
                self.versions[delivered.pin_id] = delivered.version


class Pace:
    """One pass per ``1 / rate_per_s`` seconds, by the clock: a late one does not delay those after it."""

    def __init__(
        self, rate_per_s: float | None, *, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None]
    ) -> None:
        self._interval_s = 1 / rate_per_s if rate_per_s else 0.0
        self._now = now
        self._sleep = sleep
        self._next: float | None = None

    def wait(self) -> None:
        """Return when the next one is due."""
        if self._next is None:
            self._next = self._now()
        if self._next > (now := self._now()):
            self._sleep(self._next - now)
        self._next += self._interval_s


def send(
    publisher: Publisher,
    drafts: Iterable[Draft | RejectedDraft],
    tally: PublishCounts,
    *,
    pace: Pace,
    on_problem: Callable[[RejectedDraft], None],
    on_settled: Callable[[Delivery], None],
) -> None:
    """Publish every draft and wait for the answers, into ``tally``; stops early once Kafka has failed one."""

    def settled(delivery: Delivery) -> None:
        tally.settle(delivery)
        on_settled(delivery)

    def refused(problem: RejectedDraft) -> None:
        tally.problems.append(problem)
        on_problem(problem)

    try:
        for draft in drafts:
            if isinstance(draft, RejectedDraft):
                refused(draft)
                continue
            pace.wait()
            try:
                publisher.publish(draft.fields).add_done_callback(settled)
            except EventInvalid as exc:
                refused(RejectedDraft(draft.where, str(exc)))
            except NotDelivered as exc:
                tally.undelivered[str(draft.fields.get("pin_id"))] = str(exc)
            if tally.undelivered:
                tally.stopped = True
                break
    except KeyboardInterrupt:
        tally.stopped = True
    for pin_id in publisher.flush():
        tally.undelivered.setdefault(pin_id, "no answer from Kafka")
