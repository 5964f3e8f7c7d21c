"""Kafka's topics read as they grow, in a thread of its own: no group, no commits, and no harm if Kafka is away."""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from api.feed.journal import RecordPosition
from pinstream.errors import EventInvalid
from pinstream.events import PinOutcome
from pinstream.kafka.consumer_group import lane_group
from settings.kafka import KafkaSettings

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 5.0
_POLL_S: Final = 0.5
_AGAIN_S: Final = 2.0
_BATCH: Final = 500
_LOOK_AGAIN_S: Final = 60.0
_MOST_WAITING: Final = 500
"""Of the events that no worker had finished when this began, how many a partition are read."""


@dataclass(frozen=True, slots=True)
class PublishedRecord:
    """An event of a pin, of which nothing but its place is looked at."""

    pin_id: str
    place: RecordPosition


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
            except KafkaException as exc:
                log.warning("Kafka is not read: %s", exc.args[0].str())
            self._listener.connected(False)
            self._stopped.wait(_AGAIN_S)

    def _read(self) -> None:
        """Read until stopped, or until there are other partitions; raises KafkaException where it cannot begin.

        Once it reads, librdkafka reconnects by itself.
        """
        consumer = Consumer(
            {
                "client.id": "pinstream-api",
                "fetch.wait.max.ms": 100,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 2,
                **self._settings.client_config,
                "group.id": "pinstream-api",  # never joined, never committed to
                "enable.auto.commit": False,
                "auto.offset.reset": "latest",
            }
        )
        try:
            places = self._places(consumer)
            consumer.assign(places)
            self._listener.connected(True)
            looked_s = time.monotonic()
            while not self._stopped.is_set():
                first = consumer.poll(_POLL_S)
                if first is not None:
                    self._tell([first, *consumer.consume(_BATCH, 0)])
                if time.monotonic() - looked_s > _LOOK_AGAIN_S:
                    looked_s = time.monotonic()
                    if self._count(consumer) not in (None, len(places)):
                        return
        finally:
            consumer.close()

    def _count(self, consumer: Consumer) -> int | None:
        """How many partitions there are now; None while Kafka cannot say."""
        settings = self._settings
        topics = (settings.indexed_topic, settings.live_topic, settings.backfill_topic)
        try:
            return sum(len(_partitions(consumer, topic)) for topic in topics)
        except KafkaException:
            return None

    def _tell(self, messages: Iterable[Message]) -> None:
        heard: list[Heard] = []
        for message in messages:
            error = message.error()
            if error is None:
                heard.extend(self._read_record(message))
            elif error.code() == KafkaError._ALL_BROKERS_DOWN:
                self._listener.connected(False)
        if heard:
            self._listener.connected(True)
            self._listener.heard(heard)

    def _read_record(self, message: Message) -> Iterable[Heard]:
        key, topic = message.key(), message.topic()
        if key is None or topic is None:
            return
        if topic != self._settings.indexed_topic:
            pin_id = (key if isinstance(key, bytes) else key.encode()).decode("utf-8", "replace")
            yield PublishedRecord(pin_id, RecordPosition(topic, message.partition() or 0, message.offset() or 0))
            return
        value = message.value()
        try:
            yield PinOutcome.decode(value if isinstance(value, bytes) else b"")
        except EventInvalid as exc:
            log.debug("an outcome that is none: %s", exc)

    def _places(self, consumer: Consumer) -> list[TopicPartition]:
        settings = self._settings
        outcomes = _partitions(consumer, settings.indexed_topic)
        each = max(self._look_back // max(len(outcomes), 1), 1)
        places = [_from_end(consumer, place, each) for place in outcomes]
        for topic, group in (
            (settings.live_topic, settings.group),
            (settings.backfill_topic, lane_group(settings.group, "backfill")),
        ):
            partitions = _partitions(consumer, topic)
            committed = self._committed(group, partitions)
            places += [
                _from_end(consumer, place, _MOST_WAITING, not_before=committed.get(place.partition))
                for place in partitions
            ]
        return places

    def _committed(self, group: str, partitions: list[TopicPartition]) -> dict[int, int]:
        """Where the workers of ``group`` are; nothing for a group that has never committed."""
        # Not the AdminClient's list_consumer_group_offsets: while a broker's coordinator loads, its answer to that
        # ends the process (librdkafka 2.16, segmentation fault). This reader never joins the group.
        reader = Consumer(
            {"log_level": 2, **self._settings.client_config, "group.id": group, "enable.auto.commit": False}
        )
        try:
            found = reader.committed(partitions, timeout=_TIMEOUT_S)
        finally:
            reader.close()
        return {place.partition: place.offset for place in found if place.offset >= 0}


def _partitions(consumer: Consumer, topic: str) -> list[TopicPartition]:
    metadata = consumer.list_topics(topic, timeout=_TIMEOUT_S).topics[topic]
    if metadata.error is not None:
        raise KafkaException(metadata.error)
    return [TopicPartition(topic, partition) for partition in sorted(metadata.partitions)]


def _from_end(consumer: Consumer, place: TopicPartition, records: int, *, not_before: int | None = 0) -> TopicPartition:
    """``place`` with an offset at most so many records before the end; None for ``not_before``: at the end."""
    low, high = consumer.get_watermark_offsets(place, timeout=_TIMEOUT_S)
    begin = high if not_before is None else max(low, high - records, not_before)
    return TopicPartition(place.topic, place.partition, min(begin, high))
