"""Pins onto Kafka at a steady rate."""

import time
from collections.abc import Callable, Iterable

from deploy.demo.result.tally import DemoPin, RunTally
from pinstream.errors import EventInvalid, NotDelivered
from pinstream.kafka.publishing.delivery import Delivery
from pinstream.publish import Publisher


def publish_steadily(
    publisher: Publisher, pins: Iterable[DemoPin], *, rate: float, tally: RunTally, before_each: Callable[[], None]
) -> None:
    """Publish each pin at its time, ``rate`` a second from now on; after a delay it catches up.

    Blocks until Kafka's client has all of them. ``before_each`` is called before each pin and may raise to stop.
    """
    begun_s = time.monotonic()
    for number, pin in enumerate(pins):
        before_each()
        time.sleep(max(begun_s + number / rate - time.monotonic(), 0.0))
        publish(publisher, pin, tally)


def publish(publisher: Publisher, pin: DemoPin, tally: RunTally) -> None:
    """Publish one pin; if it is refused, or Kafka does not acknowledge it, the tally notes why."""
    tally.add(pin)
    event = {"pin_id": pin.pin_id, "image": {"url": pin.url}, "domain": pin.domain, "title": pin.title}
    try:
        delivery = publisher.publish(event)
    except (EventInvalid, NotDelivered) as exc:
        tally.add_undelivered(pin, str(exc))
    else:
        delivery.add_done_callback(lambda done: _note_failure(done, pin, tally))


def _note_failure(delivery: Delivery, pin: DemoPin, tally: RunTally) -> None:
    if delivery.failed():
        tally.add_undelivered(pin, "Kafka did not acknowledge it in time")
