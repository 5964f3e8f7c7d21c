"""A picture inside an event is read from its record, and used only for its own pin and version."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from api.feed.recent_pins import RecordPosition
from api.pictures import inline_reader
from api.pictures.inline_reader import InlineReader, inline_picture
from fetch.errors import FetchFailed, FetchRefused
from pinstream.kafka.connection import Connection
from pinstream.kafka.partitioner import partition_of
from pinstream.kafka.replayer import Replayer
from pinstream.kafka.stored_record import StoredRecord
from settings.kafka import KafkaSettings

PICTURE = b"bytes of a picture"
INLINE = {"inline": base64.b64encode(PICTURE).decode()}


def event(*, pin_id: str = "p", image: object = INLINE) -> bytes:
    fields = {"pin_id": pin_id, "version": 2, "image": image, "domain": "web", "created_at": "2026-01-01T00:00:00Z"}
    return json.dumps(fields).encode()


def test_the_picture_of_a_version_is_in_its_event() -> None:
    assert inline_picture(event(), "p", 2) == PICTURE


@pytest.mark.parametrize(
    ("value", "version", "why"),
    [
        (event(), 1, "expected version 1, the event has 2"),
        (event(), 3, "expected version 3, the event has 2"),
        (event(pin_id="q"), 2, "cannot be read"),
        (event(image={"url": "https://example.org/a.jpg"}), 2, "holds no picture"),
        (None, 1, "holds no picture"),
    ],
)
def test_no_other_version_or_pin_gives_its_picture(value: bytes | None, version: int, why: str) -> None:
    with pytest.raises(FetchRefused, match=why):
        inline_picture(value, "p", version)


async def test_the_record_is_read_where_it_is_or_refused_once_it_is_gone(
    mock_kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    to, topic = Connection(mock_kafka, {}), f"{prefix}t"
    record = StoredRecord(topic=topic, partition=0, offset=0, key=b"p", value=event(), headers=[], timestamp_ms=1)
    with Replayer(to) as replayer:
        replayer.publish(record)
    partition = partition_of(b"p", to.admin().partition_counts()[topic])

    with ThreadPoolExecutor(1) as threads:
        reader = InlineReader(KafkaSettings(servers=mock_kafka), threads)
        assert await reader.read("p", 2, RecordPosition(topic, partition, 0)) == PICTURE
        for offset in (1, 7):
            with pytest.raises(FetchRefused, match=rf"\]@{offset} is no longer on Kafka"):
                await reader.read("p", 2, RecordPosition(topic, partition, offset))

        monkeypatch.setattr(inline_reader, "_TIMEOUT_S", 0.2)
        with pytest.raises(FetchFailed, match=r"no answer within 0\.2 s"):
            await InlineReader(KafkaSettings(servers="127.0.0.1:1"), threads).read("p", 2, RecordPosition(topic, 0, 0))


async def test_a_wrong_key_for_kafkas_client_makes_the_picture_unavailable() -> None:
    with ThreadPoolExecutor(1) as threads:
        reader = InlineReader(KafkaSettings(client={"no.such.key": "1"}), threads)

        with pytest.raises(FetchFailed, match=r"no\.such\.key"):
            await reader.read("p", 2, RecordPosition("t", 0, 0))
