"""Outcomes as they come in on ``pins.indexed``."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from pinstream.errors import EventInvalid
from pinstream.events import INDEXED_TOPIC, PinOutcome
from pinstream.kafka.connection import Connection
from pinstream.kafka.errors import KafkaUnreachable
from pinstream.kafka.offset_ranges import offset_ranges


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
            raise KafkaUnreachable(
                f"no topic {self.topic} at {connection.address}: `python -m streams init` creates it"
            )
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
            self._consumer.assign(
                [
                    TopicPartition(self.topic, span.partition, span.begin if from_start else span.end)
                    for span in offset_ranges(self._consumer, self.topic)
                ]
            )
        except KafkaException as exc:
            self._consumer.close()
            raise KafkaUnreachable(f"{self.topic} at {connection.address}: {exc.args[0].str()}") from exc

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
                raise KafkaUnreachable(f"{self.topic}: {error.str()}")
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
