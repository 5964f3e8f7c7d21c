"""One Kafka cluster as a client reaches it: its address, its settings, and whether a broker answers there."""

from dataclasses import dataclass
from typing import Final

from pinstream.kafka.admin import KafkaAdmin
from pinstream.kafka.clients import ClientSettings
from pinstream.lanes import Lane
from pinstream.publish import Publisher

CLIENT_VARIABLE: Final = "PINSTREAM_KAFKA__CLIENT"
REACH_TIMEOUT_S: Final = 5.0
_INTERACTIVE: Final[ClientSettings] = {"delivery.timeout.ms": 15_000, "topic.metadata.propagation.max.ms": 5_000}


@dataclass(frozen=True, slots=True)
class Connection:
    """The address and settings of one Kafka cluster. Holds nothing open: each method opens a client of its own."""

    address: str
    settings: ClientSettings
    topic_prefix: str = ""
    origin: str = ""
    """Where the address comes from, if not from the caller."""

    def topics(self) -> frozenset[str]:
        """The names of all topics; raises KafkaUnreachable once all brokers were tried, or after 5 s."""
        return self.admin(timeout_s=REACH_TIMEOUT_S).topics()

    def admin(self, *, timeout_s: float = 10.0) -> KafkaAdmin:
        """A client that asks about topics and groups; raises KafkaSettingInvalid."""
        return KafkaAdmin(
            self.client_settings(), origin=self.origin, settings_from=f"-X, {CLIENT_VARIABLE}", timeout_s=timeout_s
        )

    def publisher(self, lane: Lane) -> Publisher:
        """A publisher with shorter timeouts than a service's, since a person waits. Raises KafkaSettingInvalid."""
        return Publisher(
            self.address,
            lane=lane,
            topic_prefix=self.topic_prefix,
            source="pinstream-cli",
            kafka={**_INTERACTIVE, **self.settings},
        )

    def client_settings(self) -> ClientSettings:
        """What every client of this cluster is opened with."""
        return {**self.settings, "bootstrap.servers": self.address}
