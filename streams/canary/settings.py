"""The canary's settings, read once from the environment."""

from typing import Annotated

from pydantic import Field, PositiveFloat

from settings.environment import ProcessSettings
from settings.group import Group
from settings.kafka import KafkaSettings
from settings.milvus import MilvusSettings


class RoundSettings(Group):
    """How often a round starts, and how long one of its steps may take."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = Field(
        "",
        description="its pin is `canary-<name>`; the host's name if empty. Two canaries need two names",
    )
    every_s: PositiveFloat = Field(15.0, description="from the start of a round to the start of the next, s")
    give_up_s: PositiveFloat = Field(30.0, description="a step that takes longer has failed, s")


class CanaryHttpSettings(Group):
    """Where metrics are served."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(9466, description="0 takes a free one and logs it")


class CanarySettings(ProcessSettings):
    """Settings of ``python -m streams canary``."""

    kafka: KafkaSettings = KafkaSettings()
    milvus: MilvusSettings = MilvusSettings()
    canary: RoundSettings = RoundSettings()
    http: CanaryHttpSettings = CanaryHttpSettings()
