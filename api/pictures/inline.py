"""Pictures that travelled inside their events, read back from where the event lies on Kafka."""

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
    """One record at a time, each over a connection of its own: pictures inside events are for the small."""

    settings: KafkaSettings
    threads: Executor

    async def read(self, pin_id: str, version: int, place: RecordPosition) -> bytes:
        """See `api.pictures.picture_cache.InlineSource`."""
        try:
            value = await asyncio.get_running_loop().run_in_executor(self.threads, self._record, place)
        except KafkaException as exc:
            raise FetchFailed(f"pin {pin_id}: Kafka: {exc.args[0].str()}") from exc
        return picture_in(value, pin_id, version)

    def _record(self, place: RecordPosition) -> bytes | None:
        """The value of the record at ``place``; blocks. Raises FetchRefused where compaction has removed it."""
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
            consumer.assign([TopicPartition(place.topic, place.partition, place.offset)])
            deadline_s = time.monotonic() + _TIMEOUT_S
            while (left_s := deadline_s - time.monotonic()) > 0:
                message = consumer.poll(left_s)
                if message is None:
                    continue
                if message.error() is not None or message.offset() != place.offset:
                    raise FetchRefused(f"{place.topic}[{place.partition}]@{place.offset} is not kept any more")
                value = message.value()
                return value.encode() if isinstance(value, str) else value
            raise FetchFailed(f"{place.topic}[{place.partition}]@{place.offset}: no answer within {_TIMEOUT_S:g} s")
        finally:
            consumer.close()


def picture_in(value: bytes | None, pin_id: str, version: int) -> bytes:
    """The encoded picture in the value of an event; raises FetchRefused unless it is that version's."""
    try:
        event = decode_event(pin_id.encode(), value, timestamp_ms=1)
    except EventInvalid as exc:
        raise FetchRefused(f"pin {pin_id}: its event cannot be read: {exc}") from exc
    if event.version != version:
        raise FetchRefused(f"pin {pin_id}: version {version} was asked for, the event there is of {event.version}")
    inline = event.image.inline_bytes() if isinstance(event, PinEvent) else None
    if inline is None:
        raise FetchRefused(f"pin {pin_id}: its event holds no picture")
    return inline
