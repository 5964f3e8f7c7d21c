"""Publishes drafts at a steady rate, and counts the deliveries."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pinstream.cli.publish.drafts import Draft, RejectedDraft
from pinstream.cli.screen import MAX_PRINTED
from pinstream.errors import EventInvalid, NotDelivered
from pinstream.kafka.publishing.delivery import Delivered, Delivery
from pinstream.publish import Publisher
from pinstream.standing import EventPosition, is_newer


@dataclass(slots=True)
class PublishCounts:
    """What became of the drafts so far. Deliveries are added in the publisher's thread."""

    delivered: int = 0
    first_pins: dict[str, None] = field(default_factory=dict)
    """The first pins that were delivered, in that order; no more than are printed."""
    events: dict[str, EventPosition] | None = None
    """The newest event of each pin; None where they are not needed, since there may be millions."""
    rejected: list[RejectedDraft] = field(default_factory=list)
    undelivered: dict[str, str] = field(default_factory=dict)
    """Pins that Kafka did not acknowledge, and why."""
    stopped: bool = False
    """Whether drafts are left, since Kafka failed one or Ctrl-C was pressed."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, delivery: Delivery) -> None:
        """Count a finished delivery."""
        try:
            delivered = delivery.result(0)
        except (NotDelivered, EventInvalid) as exc:
            with self._lock:
                self.undelivered[delivery.pin_id] = str(exc)
            return
        with self._lock:
            self.delivered += 1
            if len(self.first_pins) < MAX_PRINTED:
                self.first_pins[delivered.pin_id] = None
            if self.events is not None:
                event = _position_of(delivered)
                if is_newer(event, self.events.get(delivered.pin_id)):
                    self.events[delivered.pin_id] = event


class Pace:
    """Lets ``wait`` return every ``1 / rate_per_s`` seconds; a late call does not delay the calls after it."""

    def __init__(
        self, rate_per_s: float | None, *, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None]
    ) -> None:
        self._interval_s = 1 / rate_per_s if rate_per_s else 0.0
        self._now = now
        self._sleep = sleep
        self._next: float | None = None

    def wait(self) -> None:
        """Block until the next pin is due."""
        if self._next is None:
            self._next = self._now()
        if self._next > (now := self._now()):
            self._sleep(self._next - now)
        self._next += self._interval_s


def send(
    publisher: Publisher,
    drafts: Iterable[Draft | RejectedDraft],
    counts: PublishCounts,
    *,
    pace: Pace,
    on_rejected: Callable[[RejectedDraft], None],
    on_delivery: Callable[[Delivery], None],
) -> None:
    """Publish every draft, wait for the deliveries and count them in ``counts``; stops after the first failure."""

    def count_delivery(delivery: Delivery) -> None:
        counts.add(delivery)
        on_delivery(delivery)

    def reject(draft: RejectedDraft) -> None:
        counts.rejected.append(draft)
        on_rejected(draft)

    try:
        for draft in drafts:
            if isinstance(draft, RejectedDraft):
                reject(draft)
                continue
            pace.wait()
            try:
                publisher.publish(draft.fields).add_done_callback(count_delivery)
            except EventInvalid as exc:
                reject(RejectedDraft(draft.where, str(exc)))
            except NotDelivered as exc:
                counts.undelivered[str(draft.fields.get("pin_id"))] = str(exc)
            if counts.undelivered:
                counts.stopped = True
                break
    except KeyboardInterrupt:
        counts.stopped = True
    for pin_id in publisher.flush():
        counts.undelivered.setdefault(pin_id, "no answer from Kafka")


def _position_of(delivered: Delivered) -> EventPosition:
    return EventPosition(
        topic=delivered.topic,
        partition=delivered.partition,
        offset=delivered.offset,
        version=delivered.version,
        is_deletion=False,
        published_at_ms=delivered.timestamp_ms,
    )
