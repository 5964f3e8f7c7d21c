"""The topics of the write path: created once, compared at every start."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pinstream.kafka.admin import KafkaAdmin, ResourceKind
from pinstream.kafka.clients import ClientSettings
from pinstream.kafka.errors import KafkaRefused, KafkaUnreachable
from schemas.topics import Topic
from streams.errors import StartRefused, name_kafka_setting

TIMEOUT_S: Final = 15.0
_VARIABLE: Final = "PINSTREAM_KAFKA__CLIENT"


@dataclass(frozen=True, slots=True)
class TopicReport:
    """One topic: what was done, and how it differs from what is wanted."""

    name: str
    note: str
    differences: tuple[str, ...] = ()


class TopicSetup:
    """Compares topics and creates them; raises KafkaSettingInvalid.

    Calls block, and raise KafkaUnreachable or StartRefused.
    """

    def __init__(self, settings: ClientSettings) -> None:
        with name_kafka_setting(_VARIABLE):
            self._admin = KafkaAdmin(settings, settings_from=_VARIABLE, timeout_s=TIMEOUT_S)

    def ensure(
        self, wanted: Sequence[Topic], *, replication_factor: int = -1, dry_run: bool = False
    ) -> list[TopicReport]:
        """Create what is missing and compare what is there; nothing that exists is changed. Safe to repeat."""
        found = self._partitions()
        missing = [topic for topic in wanted if topic.name not in found]
        if missing and not dry_run:
            self._admin.create(missing, replication_factor=replication_factor)
            self._wait_for(missing)
        action = "would be created" if dry_run else "created"
        return [
            TopicReport(topic.name, f"{action} with {topic.partitions} partitions: {topic.purpose}")
            if topic in missing
            else TopicReport(topic.name, "exists", tuple(self._differences(topic, found[topic.name])))
            for topic in wanted
        ]

    def require(self, wanted: Sequence[Topic]) -> int:
        """How many partitions the lanes have; raises StartRefused, saying what to run, where topics do not fit."""
        found = self._partitions()
        missing = [topic.name for topic in wanted if topic.name not in found]
        if missing:
            raise StartRefused(f"topics {', '.join(missing)} are missing: run `python -m streams init` first")
        live, backfill = wanted[0].name, wanted[1].name
        if found[live] != found[backfill]:
            raise StartRefused(
                f"{live} has {found[live]} partitions and {backfill} {found[backfill]}: the lanes of a pin would "
                "not meet in one worker; give both the same number"
            )
        return found[live]

    def group_timeouts(self, group: str) -> str:
        """After how long a killed KIP-848 worker's partitions move, as a sentence: the broker decides."""
        found = self._config("group", group) or self._config("broker", self._admin.any_broker())
        session_ms = found.get("consumer.session.timeout.ms") or found.get("group.consumer.session.timeout.ms")
        if session_ms is None:
            return "the broker does not say after how long a killed worker's partitions move"
        return f"a killed worker's partitions move after {int(session_ms) / 1000:g} s, as the broker says"

    def _partitions(self) -> dict[str, int]:
        try:
            return self._admin.partition_counts()
        except KafkaRefused as exc:
            raise StartRefused(str(exc)) from None

    def _wait_for(self, created: Sequence[Topic]) -> None:
        """A created topic is not known to every broker at once."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while not all(topic.name in self._partitions() for topic in created):
            if time.monotonic() > deadline_s:
                raise StartRefused("created topics did not appear")
            time.sleep(0.05)

    def _differences(self, topic: Topic, partitions: int) -> Iterator[str]:
        if partitions != topic.partitions:
            yield f"{partitions} partitions, wanted {topic.partitions}"
        config = self._config("topic", topic.name)
        for key, value in topic.config.items():
            if config.get(key) != value:
                yield f"{key}={config.get(key)}, wanted {value}"

    def _config(self, kind: ResourceKind, name: str) -> dict[str, str | None]:
        try:
            return self._admin.config(kind, name)
        except KafkaUnreachable:
            return {}
