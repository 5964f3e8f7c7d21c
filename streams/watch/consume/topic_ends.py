"""The ends of the watched topics, seen by a client that shares nothing with the one that reads them."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # re-exported without saying so

from streams.watch.consume.progress import Place

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 10.0
_PEEK_S: Final = 3.0
_COORDINATOR_S: Final = 30.0
_AGAIN_S: Final = 0.2
_COORDINATOR_COMES: Final = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)
"""On a broker that just started, the group's coordinator comes a moment later than the rest."""

T = TypeVar("T")


class TopicEnds:
    """Asks Kafka, blocking; raises KafkaException where it does not answer."""

    def __init__(self, config: Mapping[str, Any], group: str) -> None:
        self._config = {"log_level": 2, **config}
        self._group = group
        self._admin = AdminClient(self._config)

    def ends(self, places: Collection[Place]) -> dict[Place, int]:
        """The offset that the next record of each place will have."""
        if not places:
            return {}
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = {TopicPartition(topic, partition): latest for topic, partition in places}
        futures = self._admin.list_offsets(asked, request_timeout=_TIMEOUT_S)
        return {(place.topic, place.partition): future.result(_TIMEOUT_S).offset for place, future in futures.items()}

    def renew(self) -> None:
        """Another client: one that met a partition without a leader calls it unknown for good (librdkafka 2.16)."""
        self._admin = AdminClient(self._config)

    def committed(self, places: Collection[Place]) -> dict[Place, int]:
        """Where the watch's group goes on from; places without a commit are left out."""
        asked = [TopicPartition(topic, partition) for topic, partition in places]
        # Not the AdminClient's list_consumer_group_offsets: while a broker's coordinator loads, its answer to that
        # ends the process (librdkafka 2.16, segmentation fault).
        found = self._once_coordinated(lambda reader: reader.committed(asked, timeout=_TIMEOUT_S))
        return {(each.topic, each.partition): each.offset for each in found if each.offset >= 0}

    def begin(self, places: Collection[Place], *, since_ms: int) -> int:
        """At the watch's very first start: begin where the records of ``since_ms`` lie, not at the birth of the topic.

        Only places that the group has no position in are moved; how many that were.
        """
        known = self.committed(places)
        new = [place for place in places if place not in known]
        if not new:
            return 0
        ends = self.ends(new)
        asked = [TopicPartition(topic, partition, since_ms) for topic, partition in new]

        def settle(reader: Consumer) -> None:
            starts = reader.offsets_for_times(asked, timeout=_TIMEOUT_S)
            for start in starts:
                if start.offset < 0:
                    start.offset = ends[(start.topic, start.partition)]
            reader.commit(offsets=starts, asynchronous=False)

        self._once_coordinated(settle)
        return len(new)

    def _once_coordinated(self, call: Callable[[Consumer], T]) -> T:
        """``call`` with a consumer of the group; again while its coordinator is still on its way up."""
        deadline_s = time.monotonic() + _COORDINATOR_S
        while True:
            reader = Consumer({**self._config, "group.id": self._group, "enable.auto.commit": False})
            try:
                return call(reader)
            except KafkaException as exc:
                if exc.args[0].code() not in _COORDINATOR_COMES or time.monotonic() > deadline_s:
                    raise
            finally:
                reader.close()
            time.sleep(_AGAIN_S)

    def readable(self, positions: Mapping[Place, int]) -> bool:
        """Whether a plain consumer finds a record at or behind one of these positions."""
        reader = Consumer(
            {
                **self._config,
                "group.id": f"{self._group}-peek",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
            }
        )
        try:
            reader.assign([TopicPartition(topic, part, position) for (topic, part), position in positions.items()])
            ended, deadline_s = 0, time.monotonic() + _PEEK_S
            while ended < len(positions) and time.monotonic() < deadline_s:
                message = reader.poll(0.2)
                if message is None:
                    continue
                error = message.error()
                if error is None:
                    return True
                ended += error.code() == KafkaError._PARTITION_EOF
            return ended < len(positions)  # not sure: no proof that nothing is there
        finally:
            reader.close()


def ends_or_none(tail: TopicEnds, places: Collection[Place]) -> dict[Place, int] | None:
    """The ends, or None while Kafka does not say."""
    try:
        return tail.ends(places)
    except (KafkaException, TimeoutError) as exc:
        log.debug("ends of the topics: %s", exc)
        tail.renew()
        return None


def readable_or_not(tail: TopicEnds, positions: Mapping[Place, int]) -> bool:
    """Whether a record can be read there; True as well while Kafka does not say."""
    try:
        return tail.readable(positions)
    except KafkaException as exc:
        log.debug("a look at unread records: %s", exc)
        return True
