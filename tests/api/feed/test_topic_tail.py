"""The tail's thread with settings that Kafka's client refuses; what it reads is in tests/integration."""

import threading

from api.feed.topic_tail import TopicTail
from settings.kafka import KafkaSettings


def test_a_wrong_key_is_reported_as_no_connection_and_tried_again() -> None:
    settings = KafkaSettings(client={"no.such.key": "1"})
    connections: list[bool] = []
    reported = threading.Event()

    def report(is_connected: bool) -> None:
        connections.append(is_connected)
        reported.set()

    tail = TopicTail(settings, look_back=1, on_records=lambda _records: None, on_connection=report)
    tail.start()

    assert reported.wait(10)
    tail.stop()
    assert set(connections) == {False}
