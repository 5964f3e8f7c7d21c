"""The worker's settings, read once from the environment: ``PINSTREAM_<GROUP>__<NAME>``."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from settings.environment import ProcessSettings
from settings.fetch import FetchSettings
from settings.group import Group, Ratio
from settings.kafka import KafkaSettings
from settings.milvus import MilvusSettings
from settings.tracing import TracingSettings
from settings.triton import TritonSettings

Replays = Literal["skip", "repair"]
"""What to do with an event whose version is indexed already."""


class LimitSettings(Group):
    """How much the worker holds at once: these bound its memory."""

    in_flight: PositiveInt = Field(16, description="pins in flight at once")
    backfill_in_flight: PositiveInt = Field(4, description="of these, pins of the backfill lane")
    held_records: PositiveInt = Field(256, description="records read from Kafka and not finished")
    held_bytes: PositiveInt = Field(64 * 1024 * 1024, description="bytes of these records")
    reserved_records: NonNegativeInt = Field(
        64, description="of these records, how many are reserved for the live lane"
    )
    decoded_pixels: PositiveInt = Field(
        160_000_000, description="pixels of all pictures decoded at once, 3 bytes each; a single picture always fits"
    )
    decode_threads: PositiveInt = Field(2, description="threads that decode pictures")
    idle_below: NonNegativeInt = Field(
        1, description="with at most this many pictures at the models, a whole picture is embedded during its detection"
    )
    fence_capacity: PositiveInt = Field(100_000, description="pins whose version is remembered")
    repin_capacity: NonNegativeInt = Field(20_000, description="pictures whose codes are remembered; 0 turns reuse off")


class RetrySettings(Group):
    """How calls to Triton and Milvus are repeated: full jitter, without end."""

    first_s: PositiveFloat = Field(0.05, description="ceiling of the first wait, s")
    max_s: PositiveFloat = Field(2.0, description="ceiling of every later wait, s")
    deadline_s: PositiveFloat = Field(
        10.0, description="after this long without an answer, the pin's partition pauses until the service answers, s"
    )


class BreakerSettings(Group):
    """When dead letters stop the worker. Each weighs 1; one made by an unexpected exception weighs more."""

    max_in_a_row: PositiveInt = Field(200, description="weight of dead letters with no other outcome between them")
    max_ratio: PositiveFloat = Field(0.5, description="weight of dead letters per event, over the window")
    window: PositiveInt = Field(
        1000, description="number of events in the window; the ratio is checked once the window is full"
    )
    unexpected_weight: PositiveInt = Field(10, description="weight of a dead letter made by an unexpected exception")


class ProbeSettings(Group):
    """How freshness is measured: by searches for a sample of the pins."""

    ratio: Ratio = Field(0.05, description="share of the pins that are searched for")
    max_open: PositiveInt = Field(16, description="probes at once; further ones are skipped")
    give_up_s: PositiveFloat = Field(10.0, description="time after which a probe ends, s")


class HttpSettings(Group):
    """Health, readiness and metrics, on one port."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(9464, description="0 takes a free one and logs it")
    stuck_s: PositiveFloat = Field(
        60.0,
        description="`/healthz` answers 503 if there is lag and no pin was finished for this long, s; not while a "
        "service does not answer",
    )
    hold_s: NonNegativeFloat = Field(
        0.0, description="how long the process of a failed worker stays, so that Prometheus can read its metrics, s"
    )


class WorkerSettings(ProcessSettings):
    kafka: KafkaSettings = KafkaSettings()
    triton: TritonSettings = TritonSettings()
    milvus: MilvusSettings = MilvusSettings()
    fetch: FetchSettings = FetchSettings()
    limits: LimitSettings = LimitSettings()
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    probe: ProbeSettings = ProbeSettings()
    http: HttpSettings = HttpSettings()
    tracing: TracingSettings = TracingSettings()
    name: str = Field("", description="the worker's name in outcomes; host name and process id if empty")
    drain_s: PositiveFloat = Field(
        10.0, description="time limit for finishing pins in flight when partitions move or the worker stops, s"
    )
    model_check_every_s: PositiveFloat = Field(10.0, description="time between two model checks, s")
    replays: Replays = Field(
        "skip",
        description="what to do with an event whose version is indexed already: `skip` writes nothing, `repair` writes "
        "its rows again (for one replay of the topics after the index lost rows)",
    )
