"""The examples in the event contract's page work as they stand."""

import json
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from pinstream.events import (
    MAX_EVENT_BYTES,
    REPAIR_HEADER,
    REPLAYS_HEADER,
    UNREADABLE_HEADERS,
    PinEvent,
    PinOutcome,
    decode_event,
    event_from,
)
from pinstream.kafka.publishing.outgoing_record import Envelope
from pinstream.kafka.publishing.settings import DEFAULTS
from schemas.topics import topics

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
TEXT = PAGE.read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def table_under(heading: str) -> list[str]:
    """The first cell of each row, without its code marks."""
    section = TEXT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    return [cell.strip("`") for cell in rows[2:]]


def test_the_event_is_an_event() -> None:
    event_json, _ = blocks("json")

    event = decode_event(b"boots-17", event_json.encode())

    assert isinstance(event, PinEvent)
    assert event.model_dump(exclude_defaults=True).keys() == json.loads(event_json).keys()


def test_the_outcome_is_an_outcome() -> None:
    _, outcome_json = blocks("json")

    outcome = PinOutcome.decode(outcome_json.encode())

    assert json.loads(outcome.encode()) == json.loads(outcome_json)
    assert outcome.freshness_ms == 61


def test_the_tables_name_every_topic_field_header_and_outcome() -> None:
    event = event_from({"pin_id": "a", "image": {"url": "http://x"}, "domain": "web"})
    record = Envelope(topic="t", source="s").wrap(event, at=event.created_at)

    assert table_under("Topics") == [topic.name for topic in topics()]
    assert table_under("An event") == list(PinEvent.model_fields)
    ours = {"version", REPAIR_HEADER, REPLAYS_HEADER, UNREADABLE_HEADERS}
    assert set(table_under("Headers")) == {name for name, _ in record.headers} | ours
    assert table_under("Outcomes") == PinOutcome.model_json_schema()["properties"]["outcome"]["enum"]


def test_the_numbers_are_the_codes() -> None:
    assert f"{MAX_EVENT_BYTES:,} bytes" in TEXT
    assert f"`delivery.timeout.ms`, {int(DEFAULTS['delivery.timeout.ms']) // 1000} s" in TEXT
    assert f"{int(DEFAULTS['queue.buffering.max.messages']):,}" in TEXT
    assert f"{int(DEFAULTS['queue.buffering.max.kbytes']) // 1024} MiB" in TEXT
    assert f"partitions ({topics()[0].partitions})" in TEXT


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_the_programs_run(mock_kafka: str, number: int) -> None:
    program = blocks("python")[number].replace("kafka:9092", mock_kafka)
    prefixed = program.replace(f'"{mock_kafka}"', f'"{mock_kafka}", topic_prefix="{uuid.uuid4().hex}."')
    assert prefixed != program

    done = subprocess.run([sys.executable, "-c", prefixed], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    assert "publish it again" not in done.stdout


def test_the_kcat_line_holds_an_event() -> None:
    key, _, value = re.search(r"echo '(boots-17:\{.*?\})'", TEXT).group(1).partition(":")  # type: ignore[union-attr]

    assert decode_event(key.encode(), value.encode()).version == 1
