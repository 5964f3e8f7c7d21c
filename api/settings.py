"""Everything the read service can be told, read once from the environment: ``PINSTREAM_<GROUP>__<NAME>``."""

from typing import Annotated

from pydantic import Field, IPvAnyNetwork, NonNegativeInt, PositiveFloat, PositiveInt, SecretStr

from settings.environment import ProcessSettings
from settings.fetch import FetchSettings
from settings.group import Group
from settings.kafka import KafkaSettings
from settings.milvus import MilvusSettings
from settings.triton import TritonSettings


class ServiceSettings(Group):
    """Where the read service listens, whom it lets in, and how long anything may take."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(8080, description="0 takes a free one and logs it")
    keys: tuple[SecretStr, ...] = Field(
        (), description="API keys, any of which opens `/v1`, as JSON list; none: everybody may ask"
    )
    cors_origins: tuple[str, ...] = Field((), description="web origins whose pages may ask, as JSON list; `*` for any")
    proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description="networks of proxies whose `X-Forwarded-For` is believed, as JSON list"
    )
    timeout_s: PositiveFloat = Field(10.0, description="for one request, its body included; streams excepted, s")
    shutdown_s: PositiveFloat = Field(10.0, description="for requests in flight when the service is told to stop, s")
    heartbeat_s: PositiveFloat = Field(15.0, description="between comments on a silent stream of fresh pins, s")


class QuotaSettings(Group):
    """What callers may take: memory, the models and the index are protected by these."""

    rate_per_s: PositiveFloat = Field(
        50.0, description="tokens a caller (key, else address) gets per second; a search costs 1, a thumbnail 0.1, "
        "Flashlight 2, Lens 5"
    )  # fmt: skip
    burst: PositiveFloat = Field(200.0, description="tokens a caller can save up")
    callers: PositiveInt = Field(10_000, description="callers remembered, those seen last")
    body_bytes: PositiveInt = Field(16 * 1024 * 1024, description="of one request, photos included")
    uploads: PositiveInt = Field(
        16, description="photos held at once, from before they are read until they are understood: with "
        "`body_bytes` the memory they take; more are refused with 429"
    )  # fmt: skip
    uploads_each: PositiveInt = Field(8, description="of these for one caller (key, else address; of IPv6 one /64)")
    upload_s: PositiveFloat = Field(
        8.0, description="for a photo to arrive, or it gets 408 and loses its place; where this is not less than "
        "`PINSTREAM_API__TIMEOUT_S`, a slow one ends with 503 as any slow request, s"
    )  # fmt: skip
    photo_pixels: PositiveInt = Field(40_000_000, description="of one photo, looked at before it is decoded")
    connections: PositiveInt = Field(2_000, description="open at once, streams included; more are answered with 503")
    streams: PositiveInt = Field(256, description="open streams of fresh pins")
    streams_each: PositiveInt = Field(32, description="of these for one caller (key, else address; of IPv6 one /64)")
    searches: PositiveInt = Field(16, description="searches at once; each has a thread")
    searches_waiting: NonNegativeInt = Field(128, description="searches that may wait for one of these")
    models: PositiveInt = Field(4, description="pictures at the models at once")
    models_waiting: NonNegativeInt = Field(16, description="pictures that may wait for that; more are refused with 429")
    fetches: PositiveInt = Field(16, description="pictures fetched at once")


class CacheSettings(Group):
    """What the read service remembers; photos given to Lens never."""

    pictures_bytes: NonNegativeInt = Field(64 * 1024 * 1024, description="of encoded pictures, as they were fetched")
    thumbnails_bytes: NonNegativeInt = Field(64 * 1024 * 1024, description="of thumbnails")
    crops: NonNegativeInt = Field(20_000, description="codes of boxes that Flashlight was asked for")
    pins: PositiveInt = Field(
        50_000, description="pins whose last event and outcome are remembered, and how many outcomes are read at start"
    )


class ApiSettings(ProcessSettings):
    """All of it."""

    api: ServiceSettings = ServiceSettings()
    quota: QuotaSettings = QuotaSettings()
    cache: CacheSettings = CacheSettings()
    kafka: KafkaSettings = KafkaSettings()
    triton: TritonSettings = TritonSettings()
    milvus: MilvusSettings = MilvusSettings()
    fetch: FetchSettings = FetchSettings()
