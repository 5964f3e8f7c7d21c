"""Outcomes as they come in on ``pins.indexed``."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final, Protocol, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from pinstream.cli.connection import Connection, KafkaAway
from pinstream.errors import EventInvalid
from pinstream.events import INDEXED_TOPIC, PinOutcome

_TIMEOUT_S: Final = 10.0
_AGAIN_S: Final = 0.2
_LEADERLESS: Final = frozenset(
    {KafkaError._UNKNOWN_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.NOT_LEADER_FOR_PARTITION}
)


class OutcomeReader:
    """Reads every partition of ``pins.indexed``, in no group and without a trace; ``with`` closes it.

    Begins at the end as it is now, or at the oldest. Raises KafkaAway without a broker or topic.
    """

    def __init__(self, connection: Connection, *, from_start: bool = False) -> None:
        self.topic = connection.topic_prefix + INDEXED_TOPIC
        self.unreadable = 0
        """Records that are no outcomes: a newer contract, or somebody else's."""
        self.trouble = ""
        """What the client last complained of, until a record comes again; it reconnects by itself."""
        if self.topic not in connection.topics():
            raise KafkaAway(f"no topic {self.topic} at {connection.address}: `python -m streams init` creates it")
        self._consumer = Consumer(
            {
                "client.id": "pinstream-watch",
                "fetch.wait.max.ms": 100,
                "reconnect.backoff.max.ms": 1_000,
                **connection.client_settings(),
                "group.id": "pinstream-watch",
                "enable.auto.commit": False,
            }
        )
        try:
            self._consumer.assign(places(self._consumer, self.topic, from_start=from_start))
        except KafkaException as exc:
            self._consumer.close()
            raise KafkaAway(f"{self.topic} at {connection.address}: {exc.args[0].str()}") from exc

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def read(self, timeout_s: float) -> list[PinOutcome]:
        """What came within ``timeout_s``, perhaps nothing; returns as soon as there is something."""
        first = self._consumer.poll(timeout_s)
        if first is None:
            return []
        return [outcome for message in (first, *self._consumer.consume(500, 0)) if (outcome := self._decoded(message))]

    def _decoded(self, message: Message) -> PinOutcome | None:
        error = message.error()
        if error is not None:
            if error.fatal() or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise KafkaAway(f"{self.topic}: {error.str()}")
            self.trouble = error.str()
            return None
        self.trouble = ""
        value = message.value()
        if value is None:
            return None
        try:
            return PinOutcome.decode(value)
        except EventInvalid:
            self.unreadable += 1
            return None


class Edges(Protocol):
    """What is asked of ``confluent_kafka.Consumer`` before anything is read."""

    def list_topics(self, topic: str, timeout: float) -> Any:
        """The topic as its brokers describe it now."""

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> Any:
        """The oldest offset and the end."""


def places(consumer: Edges, topic: str, *, from_start: bool, timeout_s: float = _TIMEOUT_S) -> list[TopicPartition]:
    """Where to begin in each partition; waits for one that has no leader just now.

    librdkafka 2.16 keeps what it was told of a partition without leader, and answers "unknown partition" until the
    topic is described to it again: so that is asked for before each try.
    """
    deadline_s = time.monotonic() + timeout_s
    while True:
        partitions = consumer.list_topics(topic, timeout=_TIMEOUT_S).topics[topic].partitions
        found = [TopicPartition(topic, partition) for partition in partitions]
        try:
            for place in found:
                oldest, end = consumer.get_watermark_offsets(place, timeout=_TIMEOUT_S)
                place.offset = oldest if from_start else end
            return found
        except KafkaException as exc:
            if exc.args[0].code() not in _LEADERLESS or time.monotonic() > deadline_s:
                raise
        time.sleep(_AGAIN_S)


def wait_for_outcomes(
    reader: OutcomeReader, versions: Mapping[str, int], *, timeout_s: float, each: Callable[[PinOutcome], None]
) -> dict[str, PinOutcome]:
    """The first outcome at or above the published version of each pin, as far as they came within ``timeout_s``."""
    found: dict[str, PinOutcome] = {}
    deadline = time.monotonic() + timeout_s
    while len(found) < len(versions) and (left_s := deadline - time.monotonic()) > 0:
        for outcome in reader.read(min(left_s, 0.5)):
            if outcome.pin_id not in found and (outcome.version or 0) >= versions.get(outcome.pin_id, 2**63):
                found[outcome.pin_id] = outcome
                each(outcome)
    return found
