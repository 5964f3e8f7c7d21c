"""Partitions of several topics read as they grow, in no group and without a commit."""

from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from confluent_kafka import KafkaError, TopicPartition

from pinstream.kafka.admin import PartitionId
from pinstream.kafka.client_errors import raise_unreachable
from pinstream.kafka.clients import ClientSettings, open_reader
from pinstream.kafka.errors import KafkaUnreachable, TopicMissing
from pinstream.kafka.offset_ranges import TIMEOUT_S, OffsetRange, offset_ranges
from pinstream.kafka.stored_record import StoredRecord, stored_record

_BATCH: Final = 500


class LiveReader:
    """Reads assigned partitions as they grow; ``with`` closes it.

    After the first read, librdkafka reconnects by itself. Raises KafkaUnreachable if no broker answers a request for
    offsets, or if a broker does not authorise this client to read. ``report_ends`` fills ``ended``.
    """

    def __init__(self, settings: ClientSettings, *, name: str, report_ends: bool = False) -> None:
        self.trouble = ""
        """The last error that the client reported; empty again once a record has come."""
        self.is_connected = True
        """False after no broker answered, until a record has come."""
        self.ended: set[PartitionId] = set()
        """With ``report_ends``: the partitions that were read to their end."""
        self._address = str(settings["bootstrap.servers"])
        self._consumer = open_reader(
            settings,
            name=name,
            preferred={"fetch.wait.max.ms": 100},
            # Where to begin if the given offset does not exist any more: up to the ends every record is wanted, else
            # only new ones.
            fixed={"enable.partition.eof": report_ends, "auto.offset.reset": "earliest" if report_ends else "latest"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def offset_ranges(self, topic: str) -> list[OffsetRange]:
        """What each partition of ``topic`` holds now; raises TopicMissing where there is none."""
        with raise_unreachable(topic, self._address):
            found = offset_ranges(self._consumer, topic)
        if not found:
            raise TopicMissing(topic, self._address)
        return found

    def count_partitions(self, topic: str) -> int:
        """How many ``topic`` has now; unlike `offset_ranges` it does not wait for a partition without a leader."""
        with raise_unreachable(topic, self._address):
            found = self._consumer.list_topics(topic, timeout=TIMEOUT_S).topics[topic].partitions
        if not found:
            raise TopicMissing(topic, self._address)
        return len(found)

    def assign(self, positions: Mapping[PartitionId, int]) -> None:
        """Read these partitions from now on, each from its offset."""
        self._consumer.assign([TopicPartition(topic, number, at) for (topic, number), at in positions.items()])

    def read(self, timeout_s: float) -> list[StoredRecord]:
        """What came within ``timeout_s``, perhaps nothing; returns as soon as there is something."""
        first = self._consumer.poll(timeout_s)
        if first is None:
            return []
        records = []
        for message in (first, *self._consumer.consume(_BATCH, 0)):
            error = message.error()
            if error is None:
                records.append(stored_record(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                self.ended.add((message.topic() or "", message.partition() or 0))
            else:
                self._note(message.topic(), error)
        if records:
            self.trouble, self.is_connected = "", True
        return records

    def _note(self, topic: str | None, error: KafkaError) -> None:
        if error.fatal() or error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise KafkaUnreachable(f"{topic or self._address}: {error.str()}")
        self.trouble = error.str()
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self.is_connected = False
