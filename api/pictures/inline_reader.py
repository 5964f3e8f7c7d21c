"""Reads pictures that are inside their events back from Kafka."""

import asyncio
import time
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from api.feed.journal import RecordPosition
from fetch.errors import FetchFailed, FetchRefused
from pinstream.errors import EventInvalid
from pinstream.events import PinEvent, decode_event
from settings.kafka import KafkaSettings

_TIMEOUT_S: Final = 5.0
_CHUNK_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class InlineReader:
    """Opens a connection for each record: pictures inside events are rare."""

    settings: KafkaSettings
    threads: Executor

    async def read(self, pin_id: str, version: int, position: RecordPosition) -> bytes:
        try:
            value = await asyncio.get_running_loop().run_in_executor(self.threads, self._read_record, position)
        except KafkaException as exc:
            raise FetchFailed(f"pin {pin_id}: Kafka: {exc.args[0].str()}") from exc
        return inline_picture(value, pin_id, version)

    def _read_record(self, position: RecordPosition) -> bytes | None:
        """The value of a record; blocks. Raises FetchRefused if compaction has removed it, FetchFailed."""
        consumer = Consumer(
            {
                "client.id": "pinstream-api",
                "fetch.message.max.bytes": _CHUNK_BYTES,
                "log_level": 2,
                **self.settings.client_config,
                "group.id": "pinstream-api",  # never joined, never committed to
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "error",
            }
        )
        try:
            consumer.assign([TopicPartition(position.topic, position.partition, position.offset)])
            deadline_s = time.monotonic() + _TIMEOUT_S
            while (left_s := deadline_s - time.monotonic()) > 0:
                message = consumer.poll(left_s)
                if message is None:
                    continue
                if message.error() is not None or message.offset() != position.offset:
                    raise FetchRefused(
                        f"{position.topic}[{position.partition}]@{position.offset} is no longer on Kafka"
                    )
                value = message.value()
                return value.encode() if isinstance(value, str) else value
            raise FetchFailed(
                f"{position.topic}[{position.partition}]@{position.offset}: no answer within {_TIMEOUT_S:g} s"
            )
        finally:
            consumer.close()


def inline_picture(value: bytes | None, pin_id: str, version: int) -> bytes:
    """The encoded picture in the value of an event; raises FetchRefused unless it is that version's."""
    try:
        event = decode_event(pin_id.encode(), value, timestamp_ms=1)
    except EventInvalid as exc:
        raise FetchRefused(f"pin {pin_id}: its event cannot be read: {exc}") from exc
    if event.version != version:
        raise FetchRefused(f"pin {pin_id}: expected version {version}, the event has {event.version}")
    inline = event.image.inline_bytes() if isinstance(event, PinEvent) else None
    if inline is None:
        raise FetchRefused(f"pin {pin_id}: its event holds no picture")
    return inline
