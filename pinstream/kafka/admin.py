"""Topics, groups and their settings as the brokers know them."""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # re-exported without saying so
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from pinstream.kafka.client_errors import ClientErrors
from pinstream.kafka.clients import ClientSettings, open_admin
from pinstream.kafka.errors import KafkaRefused, KafkaUnreachable

TIMEOUT_S: Final = 15.0
ResourceKind = Literal["topic", "group", "broker"]
_TRY_S: Final = 1.0
_FAIL_FAST_TRY_S: Final = 0.5
_RESOURCES: Final[Mapping[ResourceKind, Any]] = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "broker": ResourceType.BROKER,
}

PartitionId = tuple[str, int]
"""A topic and the number of one of its partitions."""


class NewTopicSpec(Protocol):
    """A topic that is to be created; ``config`` holds Kafka's own keys."""

    @property
    def name(self) -> str: ...
    @property
    def partitions(self) -> int: ...
    @property
    def config(self) -> dict[str, str]: ...


@dataclass(frozen=True, slots=True)
class GroupMember:
    """One consumer of a group, and the partitions that are assigned to it."""

    client_id: str
    host: str
    partitions: frozenset[PartitionId]


class KafkaAdmin:
    """Asks the brokers and waits for the answer; each call raises KafkaUnreachable if none comes in time.

    ``origin`` says where the address comes from, and ``settings_from`` where the user gave the settings: both for
    messages only.
    """

    def __init__(
        self, settings: ClientSettings, *, origin: str = "", settings_from: str = "", timeout_s: float = TIMEOUT_S
    ) -> None:
        self._address = settings["bootstrap.servers"]
        self._origin = origin
        self._settings_from = settings_from
        self._timeout_s = timeout_s
        self._errors = ClientErrors()
        self._client = open_admin(settings, errors=self._errors)

    def topics(self) -> frozenset[str]:
        """The names of all topics; gives up as soon as all brokers were tried. Raises KafkaRefused as `partitions`."""
        return frozenset(self._list_topics(fail_fast=True))

    def partition_counts(self) -> dict[str, int]:
        """How many partitions each topic has, without those in error.

        Raises KafkaRefused as soon as a broker refuses this client.
        """
        topics = self._list_topics(fail_fast=False)
        return {name: len(topic.partitions) for name, topic in topics.items() if topic.error is None}

    def _list_topics(self, *, fail_fast: bool) -> Mapping[str, Any]:
        deadline_s = time.monotonic() + self._timeout_s
        while True:
            try:
                return self._client.list_topics(timeout=_FAIL_FAST_TRY_S if fail_fast else _TRY_S).topics
            except KafkaException as exc:
                self._client.poll(0)
                self._raise_if_refused(exc)
                down = self._errors.unreachable
                if (fail_fast and down is not None) or time.monotonic() > deadline_s:
                    reason = self._errors.disconnection or (down or exc.args[0]).str()
                    raise KafkaUnreachable(f"no Kafka at {self._address}{self._origin}: {reason}") from exc

    def create(
        self, topics: Sequence[NewTopicSpec], *, replication_factor: int = -1, validate_only: bool = False
    ) -> None:
        """Create ``topics``, or with ``validate_only`` ask whether they could be."""
        new = [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions,
                replication_factor=replication_factor,
                config=topic.config,
            )
            for topic in topics
        ]
        with self._translate("topics cannot be created"):
            self._results(self._client.create_topics(new, request_timeout=self._timeout_s, validate_only=validate_only))

    def config(self, kind: ResourceKind, name: str) -> dict[str, str | None]:
        """The settings of one topic, group or broker, in Kafka's own keys."""
        resource = ConfigResource(_RESOURCES[kind], name)
        with self._translate(f"settings of {kind} {name}"):
            described = self._results(self._client.describe_configs([resource], request_timeout=self._timeout_s))
        return {key: entry.value for key, entry in described[resource].items()}

    def any_broker(self) -> str:
        """The id of one of the brokers."""
        with self._translate("brokers"):
            return str(next(iter(self._client.list_topics(timeout=self._timeout_s).brokers)))

    def ends(self, partitions: Collection[PartitionId]) -> dict[PartitionId, int]:
        """The offset that the next record of each partition will have."""
        if not partitions:
            return {}
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(topic, number): latest for topic, number in partitions}
        with self._translate("ends of partitions"):
            found = self._results(self._client.list_offsets(asked, request_timeout=self._timeout_s))
        return {(each.topic, each.partition): result.offset for each, result in found.items()}

    def members(self, group: str) -> list[GroupMember]:
        """The consumers of a group; none for a group that was never joined: newer brokers do not know such a group."""
        with self._translate(f"members of group {group}"):
            (future,) = self._client.describe_consumer_groups([group], request_timeout=self._timeout_s).values()
            try:
                members = future.result(self._timeout_s).members
            except KafkaException:
                return []
        return [
            GroupMember(member.client_id, member.host.lstrip("/"), frozenset(_partitions(member.assignment)))
            for member in members
        ]

    def _results(self, futures: Mapping[Any, Future[Any]]) -> dict[Any, Any]:
        return {asked: future.result(self._timeout_s) for asked, future in futures.items()}

    def _raise_if_refused(self, exc: KafkaException) -> None:
        if self._errors.refusal is not None:
            where = f" ({self._settings_from})" if self._settings_from else ""
            raise KafkaRefused(
                f"Kafka at {self._address} does not let this client in: {self._errors.refusal}{where}"
            ) from exc

    @contextmanager
    def _translate(self, what: str) -> Iterator[None]:
        self._client.poll(0)  # or what it reports would pile up in a client that is kept
        try:
            yield
        except KafkaException as exc:
            raise KafkaUnreachable(f"{what} at {self._address}: {exc.args[0].str()}") from exc
        except TimeoutError as exc:
            raise KafkaUnreachable(f"{what}: no answer from {self._address} within {self._timeout_s:g} s") from exc


def _partitions(assignment: Any) -> Iterator[PartitionId]:
    for each in assignment.topic_partitions if assignment is not None else ():
        yield each.topic, each.partition
