"""The ends of the watched topics, seen by a client that shares nothing with the one that reads them."""

import logging
import time
from collections.abc import Collection, Mapping
from typing import Final

from pinstream.kafka.admin import KafkaAdmin
from pinstream.kafka.clients import ClientSettings
from pinstream.kafka.consumer_group import ConsumerGroup
from pinstream.kafka.errors import KafkaUnreachable
from pinstream.kafka.live_reader import LiveReader
from streams.watch.consume.progress import Place

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 10.0
_PEEK_S: Final = 3.0
_COORDINATOR_S: Final = 30.0


class TopicEnds:
    """Asks Kafka, blocking; raises KafkaUnreachable where it does not answer."""

    def __init__(self, settings: ClientSettings, group: str) -> None:
        self._settings = settings
        self._group = ConsumerGroup(settings, group, coordinator_s=_COORDINATOR_S)
        self._admin = KafkaAdmin(settings, timeout_s=_TIMEOUT_S)

    def ends(self, places: Collection[Place]) -> dict[Place, int]:
        """The offset that the next record of each place will have."""
        return self._admin.ends(places)

    def renew(self) -> None:
        """Another client: one that met a partition without a leader calls it unknown for good (librdkafka 2.16)."""
        self._admin = KafkaAdmin(self._settings, timeout_s=_TIMEOUT_S)

    def committed(self, places: Collection[Place]) -> dict[Place, int]:
        """Where the watch's group goes on from; places without a commit are left out."""
        return self._group.committed(places)

    def begin(self, places: Collection[Place], *, since_ms: int) -> int:
        """At the watch's very first start: begin where the records of ``since_ms`` lie, not at the birth of the topic.

        Only places that the group has no position in are moved; how many that were.
        """
        known = self.committed(places)
        new = [place for place in places if place not in known]
        if new:
            self._group.commit_since(self.ends(new), since_ms=since_ms)
        return len(new)

    def readable(self, positions: Mapping[Place, int]) -> bool:
        """Whether a plain consumer finds a record at or behind one of these positions."""
        with LiveReader(self._settings, name=f"{self._group.name}-peek", report_ends=True) as reader:
            reader.assign(positions)
            deadline_s = time.monotonic() + _PEEK_S
            while len(reader.ended) < len(positions) and time.monotonic() < deadline_s:
                if reader.read(0.2):
                    return True
            return len(reader.ended) < len(positions)  # not sure: no proof that nothing is there


def ends_or_none(tail: TopicEnds, places: Collection[Place]) -> dict[Place, int] | None:
    """The ends, or None while Kafka does not say."""
    try:
        return tail.ends(places)
    except KafkaUnreachable as exc:
        log.debug("ends of the topics: %s", exc)
        tail.renew()
        return None


def readable_or_not(tail: TopicEnds, positions: Mapping[Place, int]) -> bool:
    """Whether a record can be read there; True as well while Kafka does not say."""
    try:
        return tail.readable(positions)
    except KafkaUnreachable as exc:
        log.debug("a look at unread records: %s", exc)
        return True
