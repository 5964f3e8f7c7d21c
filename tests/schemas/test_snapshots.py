"""The contract documents agree with the code."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pinstream.errors import EventInvalid
from pinstream.events import DEAD_TOPIC, EVENTS_TOPIC, MAX_EVENT_BYTES, decode_event, event_from
from pinstream.store.collection_schema import COLUMNS
from schemas import topics
from schemas.snapshots import FOLDER, outdated, snapshots, write
from tests.contracts.golden import bad_examples, good_examples

EVENT_SCHEMA = Draft202012Validator(snapshots()["pin-event.v1.json"])
ASYNCAPI = snapshots()["asyncapi.json"]

# A schema sees the value alone, not the key; and draft 2020-12 counts 1.0 as an integer, dates by their shape only.
ABOUT_THE_KEY = {"key-differs", "key-missing", "key-not-utf8"}


def test_the_files_are_up_to_date() -> None:
    assert outdated() == [], "run `python -m schemas`"


def test_a_stale_or_missing_file_is_noticed_and_written_again(tmp_path: Path) -> None:
    written = write(tmp_path)
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "collection.json").unlink()

    assert written == list(snapshots())
    assert write(tmp_path) == ["asyncapi.json", "collection.json"]
    assert outdated(tmp_path) == []


def test_check_says_so_without_writing() -> None:
    checked = subprocess.run([sys.executable, "-m", "schemas", "--check"], cwd=FOLDER.parent, check=False)

    assert checked.returncode == 0


def test_the_schemas_are_json_schemas() -> None:
    for name in ("pin-event.v1.json", "pin-outcome.v1.json"):
        Draft202012Validator.check_schema(snapshots()[name])


def test_the_schema_takes_the_good_examples_and_refuses_the_bad_ones() -> None:
    good = [example for example in good_examples() if example.fields]
    bad = [example for example in bad_examples() if example.fields is not None and example.name not in ABOUT_THE_KEY]

    assert [example.name for example in good if not EVENT_SCHEMA.is_valid(example.fields)] == []
    assert [example.name for example in bad if EVENT_SCHEMA.is_valid(example.fields)] == []


BASE: dict[str, Any] = next(each.fields or {} for each in good_examples() if each.name == "everything")
texts = st.text("aZ09_- é", max_size=4)
near_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2**63 + 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer()),
    texts,
    st.sampled_from(["web", "EUR", "eur", "http://x", "s3://b/k", "2026-11-23T20:24:00Z", "2026-11-23", "x" * 501]),
    st.lists(texts, max_size=40),
    st.fixed_dictionaries(
        {},
        optional={
            "url": st.none() | st.sampled_from(["", "http://x", "gopher://x", "HTTPS://x", "http://x y"]),
            "inline": st.none() | st.sampled_from(["", "QQ==", "QUE=", "QUFB", "Q", "QQ=", "Q?==", "QQ==QQ=="]),
        },
    ),
)


@given(st.sampled_from(sorted(BASE)), near_values, st.booleans())
def test_schema_and_code_agree_on_what_an_event_is(field: str, value: Any, absent: bool) -> None:
    fields = {**BASE, field: value}
    if absent:
        del fields[field]

    by_schema = EVENT_SCHEMA.is_valid(fields)
    try:
        decode_event(str(fields.get("pin_id", "a")).encode(), json.dumps(fields).encode())
        by_code = True
    except EventInvalid:
        by_code = False

    assert by_schema == by_code


def test_the_schema_takes_what_a_publisher_writes() -> None:
    event = event_from({"pin_id": "a", "image": {"url": "http://x"}, "domain": "web"})

    EVENT_SCHEMA.validate(json.loads(event.encode()))


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [found for value in part.values() for found in references(value)]
    return [found for item in part for found in references(item)] if isinstance(part, list) else []


def test_every_reference_of_the_asyncapi_document_exists() -> None:
    for reference in references(ASYNCAPI):
        if not reference.startswith("#/"):
            assert reference in snapshots()
            continue
        part: Any = ASYNCAPI
        for step in reference[2:].split("/"):
            part = part[step]


def test_the_asyncapi_document_holds_every_topic() -> None:
    addresses = {channel["address"] for channel in ASYNCAPI["channels"].values()}

    assert addresses == {topic.name for topic in topics.topics()}


def test_the_collection_document_holds_every_column() -> None:
    assert [field["name"] for field in snapshots()["collection.json"]["fields"]] == [column.name for column in COLUMNS]


def test_both_lanes_have_the_same_partitions_and_the_largest_event_fits_its_dead_letter() -> None:
    sizes = {topic.name: int(topic.config["max.message.bytes"]) for topic in topics.topics()}
    partitions = {topic.name: topic.partitions for topic in topics.topics(partitions=5, prefix="test.")}

    assert partitions["test.pins.events"] == partitions["test.pins.events.backfill"] == 5
    assert sizes[EVENTS_TOPIC] > MAX_EVENT_BYTES
    assert sizes[DEAD_TOPIC] > sizes[EVENTS_TOPIC]


def test_examples_are_named_for_files_anybody_can_read() -> None:
    for path in FOLDER.glob("examples/*/*.json"):
        assert re.fullmatch(r"[a-z0-9-]+\.json", path.name)
        assert set(json.loads(path.read_text())) <= {
            "about",
            "key",
            "key_base64",
            "value",
            "value_base64",
            "headers",
            "timestamp_ms",
            "expect",
        }
