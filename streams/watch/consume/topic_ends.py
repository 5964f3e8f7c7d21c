"""The ends of the watched topics, read by a client of its own: a stuck reader cannot report that all is read."""

import logging
import time
from collections.abc import Collection, Mapping
from typing import Final

from pinstream.kafka.admin import KafkaAdmin, PartitionId
from pinstream.kafka.clients import ClientSettings
from pinstream.kafka.consumer_group import ConsumerGroup
from pinstream.kafka.errors import KafkaUnreachable
from pinstream.kafka.live_reader import LiveReader

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 10.0
_PEEK_S: Final = 3.0
_COORDINATOR_S: Final = 30.0


class TopicEnds:
    """Offsets of the watched topics and of the watch's group. Every call blocks: use it outside the event loop."""

    def __init__(self, settings: ClientSettings, group: str) -> None:
        self._settings = settings
        self._group = ConsumerGroup(settings, group, coordinator_s=_COORDINATOR_S)
        self._admin = KafkaAdmin(settings, timeout_s=_TIMEOUT_S)

    def ends(self, partitions: Collection[PartitionId]) -> dict[PartitionId, int] | None:
        """The offset that the next record of each partition will have; None while Kafka does not answer."""
        try:
            return self._admin.ends(partitions)
        except KafkaUnreachable as exc:
            log.debug("ends of the topics: %s", exc)
            # A client that met a partition without a leader reports it as unknown from then on (librdkafka 2.16).
            self._admin = KafkaAdmin(self._settings, timeout_s=_TIMEOUT_S)
            return None

    def committed(self, partitions: Collection[PartitionId]) -> dict[PartitionId, int]:
        """Where the watch's group continues, without partitions that have no commit; raises KafkaUnreachable."""
        return self._group.committed(partitions)

    def commit_since(self, partitions: Collection[PartitionId], *, since_ms: int) -> int:
        """At the watch's first start: begin with the records of ``since_ms`` instead of the topic's first.

        Only partitions without a commit are moved; returns how many. Raises KafkaUnreachable.
        """
        committed = self.committed(partitions)
        new = [partition for partition in partitions if partition not in committed]
        if new:
            self._group.commit_since(self._admin.ends(new), since_ms=since_ms)
        return len(new)

    def has_record(self, positions: Mapping[PartitionId, int]) -> bool:
        """Whether a plain consumer finds a record at or behind one of these positions; True while that is not known."""
        try:
            return self._has_record(positions)
        except KafkaUnreachable as exc:
            log.debug("looking for unread records: %s", exc)
            return True

    def _has_record(self, positions: Mapping[PartitionId, int]) -> bool:
        with LiveReader(self._settings, name=f"{self._group.name}-peek", report_ends=True) as reader:
            reader.assign(positions)
            deadline_s = time.monotonic() + _PEEK_S
            while len(reader.ended) < len(positions) and time.monotonic() < deadline_s:
                if reader.read(0.2):
                    return True
            return len(reader.ended) < len(positions)
