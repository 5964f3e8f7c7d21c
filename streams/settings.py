"""Everything a worker can be told, read once from the environment: ``PINSTREAM_<GROUP>__<NAME>``."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from schemas import topics
from streams.addresses import DEFAULT_PORTS, AddressPolicy
from streams.fetch import FetchPolicy

Ratio = Annotated[float, Field(ge=0, le=1)]
ClientKeys = dict[str, str | int | float | bool]
PREFIX = "PINSTREAM_"
_ADDRESSES = {"kafka": "servers", "milvus": "uri"}

_SECRET_WORDS = ("password", "secret", "token", "key.pem", "sasl.jaas", "oauthbearer.config", "private")


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class KafkaSettings(_Group):
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


class TritonSettings(_Group):
    """The model server."""

    address: str = Field("127.0.0.1:8001", description="its gRPC endpoint, `host:port`")
    timeout_s: PositiveFloat = Field(5.0, description="for one inference, s")
    min_score: Ratio = Field(0.3, description="detections below this are no objects")
    max_objects: Annotated[int, Field(ge=0, le=64)] = Field(8, description="objects indexed of one pin, best first")


class MilvusSettings(_Group):
    """The vector index."""

    uri: str = Field("http://127.0.0.1:19530", description="`http(s)://host:port[/database]`")
    token: SecretStr | None = Field(None, description="`user:password` or an API key")
    timeout_s: PositiveFloat = Field(5.0, description="for one call, s")
    staleness_s: PositiveFloat = Field(
        10.0, description="how old a Bounded read may be; version read-backs are Strong for that long, s"
    )


class FetchSettings(_Group):
    """Which pictures may be fetched from where, and how large and slow they may be."""

    allowed_hosts: tuple[str, ...] = Field(
        (), description="hosts trusted with any address and port; `.example.org` stands for all names under it"
    )
    allowed_networks: tuple[IPvAnyNetwork, ...] = Field((), description="networks trusted beside the public Internet")
    ports: tuple[PositiveInt, ...] = Field(tuple(sorted(DEFAULT_PORTS)), description="ports that may be asked")
    file_roots: tuple[Path, ...] = Field((), description="folders that `file:` addresses may name; none turns them off")
    s3_endpoint: str | None = Field(None, description="gateway for unsigned reads of `s3://bucket/key`")
    max_bytes: PositiveInt = Field(16 * 1024 * 1024, description="of one encoded picture")
    max_pixels: PositiveInt = Field(40_000_000, description="of one picture, looked at before it is decoded")
    timeout_s: PositiveFloat = Field(10.0, description="for one attempt, redirects included, s")
    max_redirects: NonNegativeInt = Field(4, description="of one attempt")
    deadline_s: PositiveFloat = Field(30.0, description="a host failing for this long makes the pin a dead letter, s")
    connections_per_host: PositiveInt = Field(16, description="open at once")

    @property
    def policy(self) -> FetchPolicy:
        """The same as the fetcher takes it."""
        return FetchPolicy(
            addresses=AddressPolicy(
                allowed_hosts=frozenset(host.lower() for host in self.allowed_hosts),
                allowed_networks=self.allowed_networks,
                ports=frozenset(self.ports),
            ),
            max_bytes=self.max_bytes,
            total_timeout_s=self.timeout_s,
            max_redirects=self.max_redirects,
            connections_per_host=self.connections_per_host,
            file_roots=self.file_roots,
            s3_endpoint=self.s3_endpoint,
        )


class LimitSettings(_Group):
    """What the worker holds at once: memory and latency are bounded by these."""

    places: PositiveInt = Field(16, description="pins worked on at once")
    backfill_places: PositiveInt = Field(4, description="of these, how many the backfill lane may have")
    held_records: PositiveInt = Field(256, description="records taken from Kafka and not finished")
    held_bytes: PositiveInt = Field(64 * 1024 * 1024, description="of these records")
    reserved_records: NonNegativeInt = Field(64, description="of the records, kept free of backfill")
    decode_threads: PositiveInt = Field(2, description="threads that decode pictures")
    idle_below: NonNegativeInt = Field(
        1, description="with at most this many pins at the models, the whole picture is embedded beside the detection"
    )
    fence_capacity: PositiveInt = Field(100_000, description="pins whose version is remembered")
    repin_capacity: NonNegativeInt = Field(20_000, description="pictures whose codes are remembered; 0 turns reuse off")


class RetrySettings(_Group):
    """How Triton and Milvus are asked again: full jitter, then patience without end."""

    first_s: PositiveFloat = Field(0.05, description="ceiling of the first wait, s")
    max_s: PositiveFloat = Field(2.0, description="ceiling of every later wait, s")
    deadline_s: PositiveFloat = Field(10.0, description="then the pin's partition pauses until the service answers, s")


class BreakerSettings(_Group):
    """When dead letters stop the worker. One weighs 1, an unexpected one more."""

    max_in_a_row: PositiveInt = Field(200, description="weight of dead letters without a living pin between them")
    max_ratio: PositiveFloat = Field(0.5, description="weight of dead letters per pin, over the window")
    window: PositiveInt = Field(1000, description="pins; the ratio counts once it is full")
    unexpected_weight: PositiveInt = Field(10, description="of a dead letter made by an unexpected exception")


class ProbeSettings(_Group):
    """How freshness is measured: searches for a sample of the pins."""

    ratio: Ratio = Field(0.05, description="share of the pins that are searched for")
    max_open: PositiveInt = Field(16, description="probes at once")
    give_up_s: PositiveFloat = Field(10.0, description="after this a probe ends, s")


class HttpSettings(_Group):
    """Health, readiness and metrics, on one port."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(9464, description="0 takes a free one and logs it")
    stuck_s: PositiveFloat = Field(
        60.0, description="lag without a finished pin for this long, with no outage to blame, is unhealthy, s"
    )


class _Environment(EnvSettingsSource):
    """Takes the command line's ``PINSTREAM_KAFKA=host:port`` and ``PINSTREAM_MILVUS=uri`` too: they share shells."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """The group's fields in ``value``: JSON, or where a command would be told to connect."""
        address = _ADDRESSES.get(field_name)
        if address is not None and isinstance(value, str) and not value.lstrip().startswith("{"):
            return {address: value}
        return super().decode_complex_value(field_name, field, value)


class WorkerSettings(BaseSettings):
    """All of it; frozen, read once."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="ignore", env_ignore_empty=True
    )

    kafka: KafkaSettings = KafkaSettings()
    triton: TritonSettings = TritonSettings()
    milvus: MilvusSettings = MilvusSettings()
    fetch: FetchSettings = FetchSettings()
    limits: LimitSettings = LimitSettings()
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    probe: ProbeSettings = ProbeSettings()
    http: HttpSettings = HttpSettings()
    name: str = Field("", description="of this worker, in outcomes; host name and process id if empty")
    drain_s: PositiveFloat = Field(10.0, description="for work in flight when partitions move or the worker stops, s")
    replays: Literal["skip", "repair"] = Field(
        "skip",
        description="an event whose version is indexed already changes nothing (`skip`), or its rows are written again "
        "(`repair`): for one replay, after an index lost rows",
    )
    log_format: Literal["human", "json"] = Field("human", description="of the log lines, on standard error")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least that is logged")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment; no files."""
        return init_settings, _Environment(settings_cls)


def effective(settings: WorkerSettings) -> dict[str, Any]:
    """What the worker runs with, secrets masked, for one log line."""
    shown: dict[str, Any] = _masked(settings.model_dump(mode="json"))
    return shown


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(each, str(key)) for key, each in value.items()}
    secret = any(word in name.lower() for word in _SECRET_WORDS)
    return "***" if secret and value not in (None, "") else value


def wrong(error: ValidationError | SettingsError) -> list[str]:
    """One line for each setting that is wrong: its name in the environment, the value given, and what is allowed."""
    if isinstance(error, SettingsError):
        return [f"a setting beginning with {PREFIX} is not readable: {error}; lists and key tables are written as JSON"]
    return [
        f"{PREFIX}{'__'.join(str(part) for part in each['loc']).upper()}={each['input']!r}: {each['msg']}"
        for each in error.errors(include_url=False, include_context=False)
    ]
