"""Reads pictures that are inside their events back from Kafka."""

import asyncio
import time
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from api.feed.recent_pins import RecordPosition
from fetch.errors import FetchFailed, FetchRefused
from pinstream.errors import EventInvalid
from pinstream.events import PinEvent, decode_event
from pinstream.kafka.errors import KafkaSettingInvalid, KafkaUnreachable
from pinstream.kafka.live_reader import LiveReader
from settings.kafka import KafkaSettings

_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class InlineReader:
    """Opens a connection for each record: pictures inside events are rare."""

    settings: KafkaSettings
    threads: Executor

    async def read(self, pin_id: str, version: int, position: RecordPosition) -> bytes:
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self.threads, self._read_picture, pin_id, version, position
            )
        except (KafkaUnreachable, KafkaSettingInvalid) as exc:
            raise FetchFailed(f"pin {pin_id}: {exc}") from exc

    def _read_picture(self, pin_id: str, version: int, position: RecordPosition) -> bytes:
        """Blocks: an event that holds a picture is megabytes of JSON and base64."""
        return inline_picture(self._read_record(position), pin_id, version)

    def _read_record(self, position: RecordPosition) -> bytes | None:
        """The value of a record; blocks. Raises FetchRefused if compaction has removed it, KafkaUnreachable."""
        name = f"{position.topic}[{position.partition}]@{position.offset}"
        with LiveReader(self.settings.client_config, name="pinstream-api", report_ends=True) as reader:
            reader.assign({(position.topic, position.partition): position.offset})
            deadline_s = time.monotonic() + _TIMEOUT_S
            while (left_s := deadline_s - time.monotonic()) > 0:
                records = reader.read(left_s)
                if records and records[0].offset == position.offset:
                    return records[0].value
                if records or reader.ended:
                    raise FetchRefused(f"{name} is no longer on Kafka")
        raise KafkaUnreachable(f"{name}: no answer within {_TIMEOUT_S:g} s")


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
