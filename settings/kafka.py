"""Settings of the connection to Kafka, shared by every process that reads or writes it."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from pinstream.events import BACKFILL_TOPIC, DEAD_TOPIC, EVENTS_TOPIC, INDEXED_TOPIC
from pinstream.kafka.connection import Connection
from settings.group import Group

ClientKeys = dict[str, str | int | float | bool]


class KafkaSettings(Group):
    """The connection to Kafka, and the topics and consumer group in use."""

    servers: str = Field("127.0.0.1:9092", description="bootstrap servers, `host:port,host:port`")
    group: str = Field(
        "pinstream",
        description="consumer group of the workers on the live lane; on the backfill lane it is `<group>.backfill`",
    )
    protocol: Literal["classic", "consumer"] = Field(
        "classic",
        description="group protocol: `classic` (cooperative-sticky; the pins of a killed worker wait for "
        "`session_timeout_ms`) or `consumer` (KIP-848; they wait for the broker's session timeout, 45 s by default)",
    )
    session_timeout_ms: PositiveInt = Field(
        6000, description="a worker that sends no heartbeat for this long loses its partitions, ms; `classic` only"
    )
    heartbeat_ms: PositiveInt = Field(1500, description="time between heartbeats, ms; `classic` only")
    topic_prefix: str = Field("", description="prefix of all topic names, for several installations on one Kafka")
    commit_interval_s: PositiveFloat = Field(0.5, description="time between offset commits, s")
    client: ClientKeys = Field(
        {}, description='librdkafka settings for all clients, as JSON: `{"security.protocol": "SASL_SSL"}`'
    )
    consumer: ClientKeys = Field({}, description="librdkafka settings for consumers, as JSON")
    producer: ClientKeys = Field({}, description="librdkafka settings for producers, as JSON")

    @property
    def live_topic(self) -> str:
        return self.topic_prefix + EVENTS_TOPIC

    @property
    def backfill_topic(self) -> str:
        return self.topic_prefix + BACKFILL_TOPIC

    @property
    def indexed_topic(self) -> str:
        return self.topic_prefix + INDEXED_TOPIC

    @property
    def dead_topic(self) -> str:
        return self.topic_prefix + DEAD_TOPIC

    @property
    def connection(self) -> Connection:
        """What readers and tools connect with."""
        return Connection(self.servers, self.client, self.topic_prefix)

    @property
    def client_config(self) -> ClientKeys:
        """librdkafka settings of every client."""
        return {"bootstrap.servers": self.servers, **self.client}

    @property
    def consumer_config(self) -> ClientKeys:
        """librdkafka settings of consumers."""
        protocol: ClientKeys = (
            {"group.protocol": "consumer"}
            if self.protocol == "consumer"
            else {"session.timeout.ms": self.session_timeout_ms, "heartbeat.interval.ms": self.heartbeat_ms}
        )
        return {**self.client_config, **protocol, **self.consumer}

    @property
    def producer_config(self) -> ClientKeys:
        """librdkafka settings of producers."""
        return {**self.client_config, **self.producer}
