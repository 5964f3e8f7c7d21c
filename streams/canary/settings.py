"""Everything the canary can be told, read once from the environment."""

from typing import Annotated

from pydantic import Field, PositiveFloat

from settings.environment import ProcessSettings
from settings.group import Group
from settings.kafka import KafkaSettings
from settings.milvus import MilvusSettings


class RoundSettings(Group):
    """How often the canary sings, and how long it waits to be heard."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = Field(
        "", description="of this canary: its pin is `canary-<name>`; the host's name if empty. No two may share one"
    )
    every_s: PositiveFloat = Field(15.0, description="from the beginning of a round to the next, s")
    give_up_s: PositiveFloat = Field(30.0, description="a step that takes longer has failed, s")


class CanaryHttpSettings(Group):
    """Metrics, on one port."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(9466, description="0 takes a free one and logs it")


class CanarySettings(ProcessSettings):
    """All of it."""

    kafka: KafkaSettings = KafkaSettings()
    milvus: MilvusSettings = MilvusSettings()
    canary: RoundSettings = RoundSettings()
    http: CanaryHttpSettings = CanaryHttpSettings()
