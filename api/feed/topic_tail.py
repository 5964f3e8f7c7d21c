"""Follows the ends of Kafka's topics in its own thread, without a consumer group, and reconnects by itself."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from api.feed.recent_pins import LaneEvent, TailRecord
from pinstream.errors import EventInvalid
from pinstream.events import PinOutcome
from pinstream.kafka.admin import PartitionId
from pinstream.kafka.consumer_group import ConsumerGroup, lane_group
from pinstream.kafka.errors import KafkaSettingInvalid, KafkaUnreachable
from pinstream.kafka.live_reader import LiveReader
from pinstream.kafka.stored_record import StoredRecord
from pinstream.lanes import lane_of
from pinstream.standing import event_position
from settings.kafka import KafkaSettings

log = logging.getLogger(__name__)

_POLL_S: Final = 0.5
_RECONNECT_S: Final = 2.0
_CHECK_PARTITIONS_S: Final = 60.0
_MAX_WAITING: Final = 500
"""Events per partition that are read, of those that no worker had finished at the start."""


class TopicTail:
    """Reads the last ``look_back`` outcomes and all later ones, and the events that no worker has committed yet.

    From its own thread it calls ``on_records``, in each partition's order, and ``on_connection`` with whether Kafka
    answers.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        look_back: int,
        on_records: Callable[[Sequence[TailRecord]], object],
        on_connection: Callable[[bool], object],
    ) -> None:
        self._settings = settings
        self._look_back = look_back
        self._on_records = on_records
        self._on_connection = on_connection
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)

    def start(self) -> None:
        """Returns at once; the thread retries until Kafka answers."""
        self._thread.start()

    def stop(self) -> None:
        """Blocks until the thread has ended."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._read()
            except (KafkaUnreachable, KafkaSettingInvalid) as exc:  # searches need no Kafka, so the service goes on
                log.warning("cannot read from Kafka, retrying: %s", exc)
            self._on_connection(False)
            self._stopped.wait(_RECONNECT_S)

    def _read(self) -> None:
        """Read until stopped, or until the number of partitions changes; raises KafkaUnreachable if it cannot start."""
        with LiveReader(self._settings.client_config, name="pinstream-api") as reader:
            positions = self._start_offsets(reader)
            reader.assign(positions)
            self._on_connection(True)
            checked_s = time.monotonic()
            while not self._stopped.is_set():
                records = reader.read(_POLL_S)
                if records or not reader.is_connected:
                    self._on_connection(reader.is_connected)
                if found := [each for record in records if (each := self._read_record(record)) is not None]:
                    self._on_records(found)
                if time.monotonic() - checked_s > _CHECK_PARTITIONS_S:
                    checked_s = time.monotonic()
                    # Partitions are assigned by hand, so nobody else reports new ones.
                    if self._count_partitions(reader) not in (None, len(positions)):
                        return

    def _count_partitions(self, reader: LiveReader) -> int | None:
        """None while Kafka does not answer."""
        settings = self._settings
        topics = (settings.indexed_topic, settings.live_topic, settings.backfill_topic)
        try:
            return sum(reader.count_partitions(topic) for topic in topics)
        except KafkaUnreachable:
            return None

    def _read_record(self, record: StoredRecord) -> TailRecord | None:
        if record.key is None:
            return None
        if record.topic != self._settings.indexed_topic:
            pin_id = record.key.decode("utf-8", "replace")
            return LaneEvent(pin_id, event_position(record))
        try:
            return PinOutcome.decode(record.value or b"")
        except EventInvalid as exc:
            log.debug("not an outcome: %s", exc)
            return None

    def _start_offsets(self, reader: LiveReader) -> dict[PartitionId, int]:
        settings = self._settings
        outcomes = reader.offset_ranges(settings.indexed_topic)
        each = max(self._look_back // len(outcomes), 1)
        positions = {
            (settings.indexed_topic, found.partition): max(found.begin, found.end - each) for found in outcomes
        }
        for topic in (settings.live_topic, settings.backfill_topic):
            events = {(topic, found.partition): found for found in reader.offset_ranges(topic)}
            workers = ConsumerGroup(settings.client_config, lane_group(settings.group, lane_of(topic)))
            committed = workers.committed(events)
            for partition, found in events.items():
                # Without a committed offset, only new events are read.
                waiting_from = max(found.begin, found.end - _MAX_WAITING, committed.get(partition, found.end))
                positions[partition] = min(waiting_from, found.end)
        return positions
