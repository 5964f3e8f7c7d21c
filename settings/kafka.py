"""How Kafka is reached, by every process that reads or writes it."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from schemas import topics
from settings.group import Group

ClientKeys = dict[str, str | int | float | bool]


class KafkaSettings(Group):
    """Where events come from and outcomes go."""

    servers: str = Field("127.0.0.1:9092", description="bootstrap servers, `host:port,host:port`")
    group: str = Field("pinstream", description="consumer group; the backfill lane commits to `<group>.backfill`")
    protocol: Literal["classic", "consumer"] = Field(
        "classic",
        description="how the group is coordinated: `classic` (cooperative-sticky; a killed worker's pins wait "
        "`session_timeout_ms`) or `consumer` (KIP-848; they wait as long as the broker says, 45 s by default)",
    )
    session_timeout_ms: PositiveInt = Field(
        6000, description="after this without a heartbeat a worker is taken for dead; `classic` only, ms"
    )
    heartbeat_ms: PositiveInt = Field(1500, description="between heartbeats; `classic` only, ms")
    topic_prefix: str = Field("", description="put before the names of all topics, for several pinstreams on one Kafka")
    commit_interval_s: PositiveFloat = Field(0.5, description="between offset commits, s")
    client: ClientKeys = Field(
        {}, description='any of librdkafka\'s keys, for all clients, as JSON: `{"security.protocol": "SASL_SSL"}`'
    )
    consumer: ClientKeys = Field({}, description="librdkafka's keys for the consumers, as JSON")
    producer: ClientKeys = Field({}, description="librdkafka's keys for the producer, as JSON")

    @property
    def live_topic(self) -> str:
        """Where live events come from."""
        return self.topic_prefix + topics.EVENTS

    @property
    def backfill_topic(self) -> str:
        """Where backfilled events come from."""
        return self.topic_prefix + topics.BACKFILL

    @property
    def indexed_topic(self) -> str:
        """Where outcomes go."""
        return self.topic_prefix + topics.INDEXED

    @property
    def dead_topic(self) -> str:
        """Where dead letters go."""
        return self.topic_prefix + topics.DEAD

    @property
    def client_config(self) -> ClientKeys:
        """What every client gets."""
        return {"bootstrap.servers": self.servers, **self.client}

    @property
    def consumer_config(self) -> ClientKeys:
        """What the consumers get."""
        protocol: ClientKeys = (
            {"group.protocol": "consumer"}
            if self.protocol == "consumer"
            else {"session.timeout.ms": self.session_timeout_ms, "heartbeat.interval.ms": self.heartbeat_ms}
        )
        return {**self.client_config, **protocol, **self.consumer}

    @property
    def producer_config(self) -> ClientKeys:
        """What the producer gets."""
        return {**self.client_config, **self.producer}
