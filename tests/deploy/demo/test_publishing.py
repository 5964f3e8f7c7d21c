from pathlib import Path

import pytest
from confluent_kafka import KafkaError

from deploy.demo.publishing import publish_steadily
from deploy.demo.result.tally import DemoPin, RunTally
from pinstream.events import PinEvent
from pinstream.testing import MemoryPublisher


def pins(count: int, *, url: str = "http://127.0.0.1:1/x.jpg") -> list[DemoPin]:
    return [
        DemoPin(pin_id=f"p{number}", title=f"Pin {number}", file=Path("x.jpg"), url=url, domain="camera")
        for number in range(count)
    ]


def published(publisher: MemoryPublisher, wanted: list[DemoPin]) -> RunTally:
    tally = RunTally()
    with publisher:
        publish_steadily(publisher, wanted, rate=1000, tally=tally, before_each=lambda: None)
        publisher.flush()
    return tally


def test_every_pin_is_published_with_its_picture_title_and_domain() -> None:
    publisher = MemoryPublisher()

    tally = published(publisher, pins(3))

    first = publisher.events[0]
    assert isinstance(first, PinEvent)
    assert (first.pin_id, first.title, first.domain) == ("p0", "Pin 0", "camera")
    assert first.image.url == "http://127.0.0.1:1/x.jpg"
    assert tally.without_outcome() == ["p0", "p1", "p2"]


def test_pin_that_kafka_does_not_take_is_known_to_be_undelivered() -> None:
    publisher = MemoryPublisher()
    publisher.memory.fail(KafkaError(KafkaError._MSG_TIMED_OUT))

    tally = published(publisher, pins(1))

    assert tally.await_all(timeout_s=5)
    assert "not delivered to Kafka: p0" in tally.verdict(broken={}, missing=[]).complaints[0]


def test_pin_that_is_no_valid_event_is_a_complaint_and_the_others_go_on() -> None:
    publisher = MemoryPublisher()
    bad, good = pins(1, url="x" * 5000), pins(2)[1:]

    tally = published(publisher, [*bad, *good])

    assert tally.without_outcome() == ["p1"]
    assert "$.image.url" in tally.verdict(broken={}, missing=[]).complaints[-1]


def test_failed_check_stops_the_publishing() -> None:
    def check() -> None:
        raise RuntimeError("the worker ended")

    publisher = MemoryPublisher()

    with pytest.raises(RuntimeError, match="the worker ended"):
        publish_steadily(publisher, pins(3), rate=1000, tally=RunTally(), before_each=check)

    assert publisher.events == []
