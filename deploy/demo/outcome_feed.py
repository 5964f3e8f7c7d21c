"""The outcomes as they appear on ``pins.indexed``, read in a thread of its own."""

import logging
import threading
import uuid
from collections.abc import Callable

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from deploy.local.errors import PartFailed
from pinstream.errors import EventInvalid
from pinstream.events import PinOutcome
from schemas.topics import INDEXED

log = logging.getLogger(__name__)

_POLL_S = 0.2
_METADATA_TIMEOUT_S = 10.0


class OutcomeFeed:
    """Calls ``take`` with every outcome, from the topic's beginning, until it is closed.

    Reads all partitions and belongs to no group, so there is nothing to wait for and nothing to commit.
    """

    def __init__(self, bootstrap: str, take: Callable[[PinOutcome], None]) -> None:
        self._take = take
        self._closed = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"pinstream-demo-{uuid.uuid4().hex}",
                "enable.auto.commit": False,
                "logger": logging.getLogger("pinstream.librdkafka"),
            }
        )
        self._thread = threading.Thread(target=self._read, name="feed", daemon=True)

    def start(self) -> None:
        """Begin to read; raises PartFailed if Kafka or the topic is not there."""
        try:
            metadata = self._consumer.list_topics(INDEXED, timeout=_METADATA_TIMEOUT_S).topics[INDEXED]
        except KafkaException as exc:
            raise PartFailed(f"{INDEXED} cannot be read: {exc}") from exc
        if metadata.error is not None:
            raise PartFailed(f"{INDEXED} cannot be read: {metadata.error}")
        self._consumer.assign([TopicPartition(INDEXED, number, OFFSET_BEGINNING) for number in metadata.partitions])
        self._thread.start()

    def close(self) -> None:
        """Stop reading; blocks until it has."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()
        self._consumer.close()

    def _read(self) -> None:
        while not self._closed.is_set():
            message = self._consumer.poll(_POLL_S)
            if message is None:
                continue
            error, value = message.error(), message.value()
            if error is not None:
                if error.code() != KafkaError._PARTITION_EOF:
                    log.warning("reading %s: %s", INDEXED, error)
            elif value is not None:
                self._decode(value)

    def _decode(self, value: bytes) -> None:
        try:
            outcome = PinOutcome.decode(value)
        except EventInvalid as exc:
            log.warning("an outcome that is none: %s", exc)
            return
        self._take(outcome)
