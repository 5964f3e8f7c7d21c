"""Kafka's topics read as they grow, in a thread of its own: no group, no commits, and no harm if Kafka is away."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pinstream.errors import EventInvalid
from pinstream.events import PinOutcome
from pinstream.kafka.admin import PartitionId
from pinstream.kafka.consumer_group import ConsumerGroup, lane_group
from pinstream.kafka.errors import KafkaUnreachable
from pinstream.kafka.live_reader import LiveReader
from pinstream.kafka.stored_record import StoredRecord
from pinstream.lanes import lane_of
from pinstream.standing import EventPosition, event_position
from settings.kafka import KafkaSettings

log = logging.getLogger(__name__)

_POLL_S: Final = 0.5
_AGAIN_S: Final = 2.0
_LOOK_AGAIN_S: Final = 60.0
_MOST_WAITING: Final = 500
"""Of the events that no worker had finished when this began, how many a partition are read."""


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """An event of a pin: how new it is, and where it is."""

    pin_id: str
    event: EventPosition


Heard = PublishedRecord | PinOutcome


class TailListener(Protocol):
    """Whoever is told; called from the tail's thread."""

    def heard(self, records: Sequence[Heard]) -> None:
        """What came, in each partition's order."""
        ...

    def connected(self, is_connected: bool) -> None:
        """Whether Kafka is being read now."""
        ...


class TopicTail:
    """Outcomes from ``look_back`` records before the end on, events from where the workers are."""

    def __init__(self, settings: KafkaSettings, listener: TailListener, *, look_back: int) -> None:
        self._settings = settings
        self._listener = listener
        self._look_back = look_back
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tail", daemon=True)

    def start(self) -> None:
        """Begin to read; comes back at once, and tries for as long as it takes."""
        self._thread.start()

    def stop(self) -> None:
        """End; blocks until it has."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._read()
            except KafkaUnreachable as exc:
                log.warning("Kafka is not read: %s", exc)
            self._listener.connected(False)
            self._stopped.wait(_AGAIN_S)

    def _read(self) -> None:
        """Read until stopped, or until there are other partitions; raises KafkaUnreachable where it cannot begin."""
        with LiveReader(self._settings.client_config, name="pinstream-api") as reader:
            positions = self._positions(reader)
            reader.assign(positions)
            self._listener.connected(True)
            looked_s = time.monotonic()
            while not self._stopped.is_set():
                records = reader.read(_POLL_S)
                if records or not reader.is_connected:
                    self._listener.connected(reader.is_connected)
                if found := [each for record in records if (each := self._read_record(record)) is not None]:
                    self._listener.heard(found)
                if time.monotonic() - looked_s > _LOOK_AGAIN_S:
                    looked_s = time.monotonic()
                    if self._count(reader) not in (None, len(positions)):
                        return

    def _count(self, reader: LiveReader) -> int | None:
        """How many partitions there are now; None while Kafka cannot say."""
        settings = self._settings
        topics = (settings.indexed_topic, settings.live_topic, settings.backfill_topic)
        try:
            return sum(len(reader.offset_ranges(topic)) for topic in topics)
        except KafkaUnreachable:
            return None

    def _read_record(self, record: StoredRecord) -> Heard | None:
        if record.key is None:
            return None
        if record.topic != self._settings.indexed_topic:
            pin_id = record.key.decode("utf-8", "replace")
            return PublishedRecord(pin_id, event_position(record))
        try:
            return PinOutcome.decode(record.value or b"")
        except EventInvalid as exc:
            log.debug("not an outcome: %s", exc)
            return None

    def _positions(self, reader: LiveReader) -> dict[PartitionId, int]:
        """Where each partition is read from."""
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
                waiting_from = max(found.begin, found.end - _MOST_WAITING, committed.get(partition, found.end))
                positions[partition] = min(waiting_from, found.end)
        return positions
