"""One Kafka cluster as a client reaches it: its address, its settings, and whether anybody answers there."""

import logging
import time
from dataclasses import dataclass
from typing import Any, Final

import typer
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pinstream.errors import PinstreamError
from pinstream.kafka.client_errors import ClientErrors
from pinstream.lanes import Lane
from pinstream.publish import KafkaSettings, Publisher

CLIENT_VARIABLE: Final = "PINSTREAM_KAFKA__CLIENT"
REACH_TIMEOUT_S: Final = 5.0
_TRY_S: Final = 0.5
_IMPATIENT: Final[KafkaSettings] = {"delivery.timeout.ms": 15_000, "topic.metadata.propagation.max.ms": 5_000}


class KafkaUnreachable(PinstreamError):
    """No broker answered, or it has no such topic; the message says which."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach Kafka."""

    address: str
    settings: KafkaSettings
    topic_prefix: str = ""
    origin: str = ""
    """Who named the address, if not the caller."""

    def topics(self) -> frozenset[str]:
        """The names of all topics; raises KafkaAway once all brokers refuse, or do not answer for some seconds."""
        complaints = ClientErrors()
        try:
            client = AdminClient(self.client_settings() | complaints.listening())
        except KafkaException as exc:
            raise typer.BadParameter(f"-X: {exc.args[0].str()}") from exc
        deadline_s = time.monotonic() + REACH_TIMEOUT_S
        while True:
            try:
                return frozenset(client.list_topics(timeout=_TRY_S).topics)
            except KafkaException as exc:
                client.poll(0)
                if (refused := complaints.refusal) is not None:
                    raise KafkaUnreachable(
                        f"Kafka at {self.address} does not let this client in: {refused} (-X, {CLIENT_VARIABLE})"
                    ) from exc
                down = complaints.unreachable
                if down is not None or time.monotonic() > deadline_s:
                    reason = complaints.suspicion or (down or exc.args[0]).str()
                    raise KafkaUnreachable(f"no Kafka at {self.address}{self.origin}: {reason}") from exc

    def publisher(self, lane: Lane) -> Publisher:
        """A publisher that gives up sooner than a service's would: somebody is watching."""
        try:
            return Publisher(
                self.address,
                lane=lane,
                topic_prefix=self.topic_prefix,
                source="pinstream-cli",
                kafka={**_IMPATIENT, **self.settings},
            )
        except ValueError as exc:
            raise typer.BadParameter(f"-X: {exc}") from exc

    def client_settings(self) -> dict[str, Any]:
        """What any client of the library is made with; its own log stays silent."""
        return {**self.settings, "bootstrap.servers": self.address, "logger": logging.getLogger("pinstream.librdkafka")}
