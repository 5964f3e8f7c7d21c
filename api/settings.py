"""The settings of the read service, read once from the environment: ``PINSTREAM_<GROUP>__<NAME>``."""

from typing import Annotated

from pydantic import Field, IPvAnyNetwork, NonNegativeInt, PositiveFloat, PositiveInt, SecretStr

from settings.environment import ProcessSettings
from settings.fetch import FetchSettings
from settings.group import Group
from settings.kafka import KafkaSettings
from settings.milvus import MilvusSettings
from settings.triton import TritonSettings


class ServiceSettings(Group):
    """Where the read service listens, who may use it, and its time limits."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8080, description="port to listen on; 0 picks a free one and logs it"
    )
    keys: tuple[SecretStr, ...] = Field(
        (), description="API keys, as a JSON list; requests to `/v1` need one of them; if empty, none is needed"
    )
    cors_origins: tuple[str, ...] = Field(
        (), description="web origins whose pages may call the service (CORS), as a JSON list; `*` for any"
    )
    proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description="networks of trusted proxies, whose `X-Forwarded-For` says who the caller is, as a JSON list"
    )
    timeout_s: PositiveFloat = Field(
        10.0, description="time limit of one request, its body included, s; streams have none"
    )
    shutdown_s: PositiveFloat = Field(
        10.0, description="time that requests in flight get to finish when the service stops, s"
    )
    heartbeat_s: PositiveFloat = Field(
        15.0, description="time between heartbeat comments on a stream of fresh pins without events, s"
    )


class QuotaSettings(Group):
    """Limits per caller and in total, which protect memory, the models and the index."""

    rate_per_s: PositiveFloat = Field(
        50.0, description="tokens that a caller (API key, else address) gets per second; a search costs 1, a thumbnail "
        "0.1, Flashlight 2, Lens 5"
    )  # fmt: skip
    burst: PositiveFloat = Field(200.0, description="most tokens that a caller can have")
    callers: PositiveInt = Field(
        10_000,
        description="callers whose tokens are counted; with more, the caller seen longest ago starts with a full burst",
    )
    body_bytes: PositiveInt = Field(16 * 1024 * 1024, description="largest body of one request, photos included, bytes")
    uploads: PositiveInt = Field(
        16, description="photos in memory at once, from before they are read until the models have answered: at "
        "most `uploads` times `body_bytes` bytes; more are refused with 429"
    )  # fmt: skip
    uploads_each: PositiveInt = Field(
        8, description="of these, most for one caller (API key, else address; IPv6 addresses of one /64 are one caller)"
    )
    upload_s: PositiveFloat = Field(
        8.0, description="time limit for a photo to arrive, s; a slower one is answered with 408. If this is not "
        "less than `PINSTREAM_API__TIMEOUT_S`, it is answered with 503, as any slow request"
    )  # fmt: skip
    photo_pixels: PositiveInt = Field(40_000_000, description="largest photo, pixels; checked before it is decoded")
    connections: PositiveInt = Field(
        2_000, description="connections open at once, streams included; more are answered with 503"
    )
    streams: PositiveInt = Field(256, description="streams of fresh pins open at once; more are refused with 429")
    streams_each: PositiveInt = Field(
        32,
        description="of these, most for one caller (API key, else address; IPv6 addresses of one /64 are one caller)",
    )
    searches: PositiveInt = Field(16, description="searches that run at once, each in its own thread")
    searches_waiting: NonNegativeInt = Field(
        128, description="searches that may wait to run; more are refused with 429"
    )
    models: PositiveInt = Field(4, description="pictures that the models work on at once")
    models_waiting: NonNegativeInt = Field(
        16, description="pictures that may wait for the models; more are refused with 429"
    )
    fetches: PositiveInt = Field(16, description="pictures fetched at once")


class CacheSettings(Group):
    """Sizes of the caches. Photos sent to Lens are never cached."""

    pictures_bytes: NonNegativeInt = Field(
        64 * 1024 * 1024, description="encoded pictures as they were fetched, bytes in total"
    )
    thumbnails_bytes: NonNegativeInt = Field(64 * 1024 * 1024, description="thumbnails, bytes in total")
    crops: NonNegativeInt = Field(20_000, description="codes of Flashlight boxes")
    pins: PositiveInt = Field(
        50_000,
        description="pins whose last event and outcome are cached; as many outcomes are read from Kafka at start",
    )


class ApiSettings(ProcessSettings):
    api: ServiceSettings = ServiceSettings()
    quota: QuotaSettings = QuotaSettings()
    cache: CacheSettings = CacheSettings()
    kafka: KafkaSettings = KafkaSettings()
    triton: TritonSettings = TritonSettings()
    milvus: MilvusSettings = MilvusSettings()
    fetch: FetchSettings = FetchSettings()
