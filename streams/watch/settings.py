"""The settings of the watch, read once from the environment."""

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
    """The age at which a pin that is not accounted for is overdue."""

    pin_s: PositiveFloat = Field(10.0, description="a pin is overdue this long after its publication, s")
    deletion_s: PositiveFloat = Field(10.0, description="a deletion is overdue this long after its publication, s")
    backfill_s: PositiveFloat = Field(
        _DAY_S, description="an event of the backfill lane is overdue this long after its publication, s"
    )
    coverage_s: PositiveInt = Field(
        900, le=3600, description="coverage counts the pins that were published at most this long ago, s"
    )

    @property
    def objectives(self) -> Objectives:
        return Objectives(
            pin_ms=round(self.pin_s * 1000),
            deletion_ms=round(self.deletion_s * 1000),
            backfill_ms=round(self.backfill_s * 1000),
        )


class TableSettings(Group):
    """What the table holds, and where."""

    folder: Path = Field(
        Path(".local/watch"),
        description="a local copy of the table's topic on Kafka; each instance needs a folder of its own",
    )
    accounted_s: Annotated[float, Field(ge=3600)] = Field(
        3600.0,
        description="a pin stays in the table this long after it is accounted for; at least the hour of the page, s",
    )
    accounted_pins: PositiveInt = Field(
        50_000, description="of the pins that are accounted for, each partition keeps at most this many"
    )
    waiting_s: PositiveFloat = Field(
        7 * _DAY_S, description="an overdue pin leaves the table this long after its publication, s"
    )
    waiting_pins: PositiveInt = Field(
        200_000, description="with this many pins waiting, the watch pauses the lanes until workers catch up"
    )

    @property
    def keep(self) -> Retention:
        return Retention(
            accounted_ms=round(self.accounted_s * 1000),
            accounted_pins=self.accounted_pins,
            waiting_ms=round(self.waiting_s * 1000),
        )


class WatchHttpSettings(Group):
    """The port of the status page, its JSON, health and metrics."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(9465, description="0 takes a free one and logs it")
    url: str = Field(
        "", description="URL under which people and other instances reach this one; `http://<host>:<port>` if empty"
    )


class WatchSettings(ProcessSettings):
    """The groups of settings, each with its prefix."""

    kafka: KafkaSettings = KafkaSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    table: TableSettings = TableSettings()
    http: WatchHttpSettings = WatchHttpSettings()
    stuck_s: Annotated[float, Field(ge=5)] = Field(
        60.0,
        description="the process exits with status 6 if it reads nothing for this long while Kafka has records, s",
    )

    @property
    def app_id(self) -> str:
        """The watch's consumer group, and the prefix of its table's topic."""
        return watch_group(self.kafka.group, self.kafka.topic_prefix)
