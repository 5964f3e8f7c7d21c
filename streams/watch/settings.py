"""Everything the watch can be told, read once from the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from pinstream.kafka.consumer_group import watch_group
from settings.environment import ProcessSettings
from settings.group import Group
from settings.kafka import KafkaSettings
from streams.watch.join.ledger import Objectives, Retention

_DAY_S = 86_400.0


class ObjectiveSettings(Group):
    """When a pin that is not accounted for is overdue."""

    pin_s: PositiveFloat = Field(10.0, description="after its publication, for a pin, s")
    deletion_s: PositiveFloat = Field(10.0, description="the same for a deletion, s")
    backfill_s: PositiveFloat = Field(_DAY_S, description="the same for anything on the backfill lane, s")
    coverage_s: PositiveInt = Field(900, le=3600, description="coverage counts the pins published in this last time, s")

    @property
    def objectives(self) -> Objectives:
        """The same as the ledger takes it."""
        return Objectives(
            pin_ms=round(self.pin_s * 1000),
            deletion_ms=round(self.deletion_s * 1000),
            backfill_ms=round(self.backfill_s * 1000),
        )


class TableSettings(Group):
    """What the table holds, and where."""

    folder: Path = Field(
        Path(".local/watch"), description="of its own for each instance; Kafka has a copy of all of it"
    )
    settled_s: Annotated[float, Field(ge=3600)] = Field(
        3600.0, description="a pin stays after it is accounted for; at least the hour that the windows show, s"
    )
    settled_pins: PositiveInt = Field(50_000, description="of them, in each partition")
    waiting_s: PositiveFloat = Field(7 * _DAY_S, description="after this an overdue pin is followed no longer, s")
    waiting_pins: PositiveInt = Field(
        200_000, description="pins that may be owed at once; beyond it the lanes are read on only as workers catch up"
    )

    @property
    def keep(self) -> Retention:
        """The same as the ledger takes it."""
        return Retention(
            settled_ms=round(self.settled_s * 1000),
            settled_pins=self.settled_pins,
            waiting_ms=round(self.waiting_s * 1000),
        )


class WatchHttpSettings(Group):
    """The status page, its answers as JSON, health and metrics, on one port."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(9465, description="0 takes a free one and logs it")
    url: str = Field(
        "", description="under which other instances and people reach this one; `http://<host>:<port>` if empty"
    )


class WatchSettings(ProcessSettings):
    """All of it."""

    kafka: KafkaSettings = KafkaSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    table: TableSettings = TableSettings()
    http: WatchHttpSettings = WatchHttpSettings()
    stuck_s: Annotated[float, Field(ge=5)] = Field(
        60.0, description="with records to read and none read for this long, the process ends with status 6, s"
    )

    @property
    def app_id(self) -> str:
        """The watch's own consumer group, and the beginning of its table's topic."""
        return watch_group(self.kafka.group, self.kafka.topic_prefix)
