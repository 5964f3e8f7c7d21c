"""Pins onto Kafka at a steady rate."""

import time
from collections.abc import Callable, Iterable

from deploy.demo.result.tally import DemoPin, RunTally
from deploy.demo.screen.demo_state import DemoState
from pinstream.errors import EventInvalid, NotDelivered
from pinstream.kafka.delivery import Delivery
from pinstream.publish import Publisher


def publish_steadily(
    publisher: Publisher,
    pins: Iterable[DemoPin],
    *,
    rate: float,
    tally: RunTally,
    board: DemoState,
    check: Callable[[], None],
) -> None:
    """Publish each pin at its time, ``rate`` a second from now on; one that was held up is made up for.

    Blocks until all are handed over. ``check`` is called before each and may raise to stop.
    """
    begun_s = time.monotonic()
    for number, pin in enumerate(pins):
        check()
        time.sleep(max(begun_s + number / rate - time.monotonic(), 0.0))
        publish(publisher, pin, tally)
        board.published()


def publish(publisher: Publisher, pin: DemoPin, tally: RunTally) -> None:
    """Publish one pin; if it is refused, or Kafka does not take it, the tally learns why."""
    tally.published(pin)
    event = {"pin_id": pin.pin_id, "image": {"url": pin.url}, "domain": pin.domain, "title": pin.title}
    try:
        delivery = publisher.publish(event)
    except (EventInvalid, NotDelivered) as exc:
        tally.undelivered(pin, str(exc))
    else:
        delivery.add_done_callback(lambda done: _note_failure(done, pin, tally))


def _note_failure(delivery: Delivery, pin: DemoPin, tally: RunTally) -> None:
    if delivery.failed():
        tally.undelivered(pin, "Kafka did not acknowledge it in time")
