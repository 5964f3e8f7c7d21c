"""The topics this worker needs: created once, compared ever after."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    AdminClient,
    ClusterMetadata,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from pinstream.kafka.client_errors import ClientErrors
from schemas.topics import Topic
from settings.kafka import ClientKeys
from streams.errors import StartRefused

TIMEOUT_S: Final = 15.0
_TRY_S: Final = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TopicReport:
    """One topic: what was done, and how it differs from what is wanted."""

    name: str
    note: str
    differences: tuple[str, ...] = ()


class TopicSetup:
    """Looks at topics and creates them. Calls block; KafkaException means that Kafka did not answer."""

    def __init__(self, config: ClientKeys) -> None:
        self._address = config.get("bootstrap.servers", "")
        self._complaints = ClientErrors()
        try:
            # Kept: collected early, it fails its own futures.
            self._admin = AdminClient({**config, **self._complaints.listening()})
        except KafkaException as exc:
            raise StartRefused(f"PINSTREAM_KAFKA__CLIENT: {exc.args[0].str()}") from exc

    def ensure(
        self, wanted: Sequence[Topic], *, replication_factor: int = -1, dry_run: bool = False
    ) -> list[TopicReport]:
        """Create what is missing and compare what is there; nothing that exists is changed. Safe to repeat."""
        found = self._partitions()
        missing = [topic for topic in wanted if topic.name not in found]
        if missing and not dry_run:
            new = [
                NewTopic(
                    topic.name,
                    num_partitions=topic.partitions,
                    replication_factor=replication_factor,
                    config=topic.config,
                )
                for topic in missing
            ]
            for created in self._admin.create_topics(new, request_timeout=TIMEOUT_S).values():
                created.result(TIMEOUT_S)
            self._await(missing)
        done = "would be created" if dry_run else "created"
        return [
            TopicReport(topic.name, f"{done} with {topic.partitions} partitions: {topic.purpose}")
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
        """What the broker's group settings mean for the pins of a killed KIP-848 worker, as a sentence."""
        broker = str(next(iter(self._admin.list_topics(timeout=TIMEOUT_S).brokers)))
        found = self._config(ResourceType.GROUP, group) or self._config(ResourceType.BROKER, broker)
        session_ms = found.get("consumer.session.timeout.ms") or found.get("group.consumer.session.timeout.ms")
        if session_ms is None:
            return "the broker does not say after how long a killed worker's partitions move"
        return f"a killed worker's partitions move after {int(session_ms) / 1000:g} s, as the broker says"

    def _partitions(self) -> dict[str, int]:
        topics = self._listed().topics
        return {name: len(topic.partitions) for name, topic in topics.items() if topic.error is None}

    def _listed(self) -> ClusterMetadata:
        """What there is; raises StartRefused as soon as a broker is there that does not let this client in."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while True:
            try:
                return self._admin.list_topics(timeout=_TRY_S)
            except KafkaException:
                self._admin.poll(0)
                if (refused := self._complaints.refusal) is not None:
                    raise StartRefused(
                        f"Kafka at {self._address} does not let this client in: {refused} (PINSTREAM_KAFKA__CLIENT)"
                    ) from None
                if time.monotonic() > deadline_s:
                    if self._complaints.suspicion:
                        log.warning("Kafka at %s: %s", self._address, self._complaints.suspicion)
                    raise

    def _await(self, created: Sequence[Topic]) -> None:
        """Created is not yet known to every broker."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while not all(topic.name in self._partitions() for topic in created):
            if time.monotonic() > deadline_s:
                raise StartRefused("created topics did not appear")
            time.sleep(0.05)

    def _differences(self, topic: Topic, partitions: int) -> Iterator[str]:
        if partitions != topic.partitions:
            yield f"{partitions} partitions, wanted {topic.partitions}"
        config = self._config(ResourceType.TOPIC, topic.name)
        for key, value in topic.config.items():
            if config.get(key) != value:
                yield f"{key}={config.get(key)}, wanted {value}"

    def _config(self, kind: ResourceType, name: str) -> dict[str, str | None]:
        resource = ConfigResource(kind, name)
        try:
            described = self._admin.describe_configs([resource], request_timeout=TIMEOUT_S)[resource].result(TIMEOUT_S)
        except KafkaException:
            return {}
        return {key: entry.value for key, entry in described.items()}
