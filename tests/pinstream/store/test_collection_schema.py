"""Rows as stored values: nothing is lost on the way, and what does not fit is refused by name."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinstream.errors import IndexRefused
from pinstream.store.codes import CODE_BYTES
from pinstream.store.collection import MAX_SLOT, Row, row_key, tombstone
from pinstream.store.collection_schema import (
    COLUMNS,
    RETURNED_BY_READS,
    RETURNED_BY_SEARCH,
    SHOWN,
    from_columns,
    from_hit,
    to_columns,
)

ROW = Row(pin_id="pin", slot=0, alive=True, code=bytes(CODE_BYTES), version=1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
numbers = st.floats(allow_nan=False, allow_infinity=False)
rows = st.builds(
    Row,
    pin_id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    slot=st.integers(0, MAX_SLOT),
    alive=st.just(True),
    code=st.binary(min_size=CODE_BYTES, max_size=CODE_BYTES),
    version=st.integers(1, 2**63 - 1),
    object_count=st.integers(0, 100),
    label=texts,
    score=numbers,
    box=st.tuples(numbers, numbers, numbers, numbers),
    domain=st.sampled_from(["web", "camera", "catalog"]),
    image_sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    published_at_ms=st.integers(0, 2**63 - 1),
    indexed_at_ms=st.integers(0, 2**63 - 1),
    title=texts,
    link=texts,
    image_url=texts,
    price=st.none() | numbers,
    currency=texts,
    tags=st.lists(texts, max_size=5).map(tuple),
)


@given(rows)
def test_a_row_comes_back_as_it_was_stored(row: Row) -> None:
    stored = to_columns(row)

    assert from_columns({name: stored[name] for name in RETURNED_BY_READS}) == row


@given(rows)
def test_a_hit_comes_back_without_its_code(row: Row) -> None:
    stored = to_columns(row)

    assert from_hit(row.key, {name: stored[name] for name in RETURNED_BY_SEARCH}) == replace(row, code=b"")


def test_a_row_comes_back_from_its_key_and_what_reads_return() -> None:
    returned = {"pin_id", "slot", *RETURNED_BY_READS, *SHOWN}  # the key holds pin and slot

    assert returned == {"key", "shown", *(field.name for field in fields(Row))}


def test_columns_repeat_what_is_shown_and_nothing_else() -> None:
    columns = {column.name for column in COLUMNS}

    assert columns - {"key", "shown"} <= {field.name for field in fields(Row)}


def test_a_tombstone_stores_little() -> None:
    shown = to_columns(tombstone("pin", 3, 1, at_ms=5))["shown"]

    assert shown == {"version": 1, "published_at_ms": 5, "indexed_at_ms": 5}


def test_the_longest_key_fits_its_column() -> None:
    limit = {column.name: column.max_bytes for column in COLUMNS}["key"] or 0

    assert len(row_key("x" * 64, MAX_SLOT)) <= limit


UNFIT: tuple[tuple[str, object, str], ...] = (
    ("code", b"short", "code"),
    ("code", None, "code"),
    ("version", 2**63, "version"),
    ("version", -1, "version"),
    ("version", True, "version"),
    ("slot", MAX_SLOT + 1, "slot"),
    ("label", "é" * 129, "label"),
    ("label", "\ud800", "label"),
    ("label", None, "label"),
    ("alive", None, "alive"),
    ("title", "\ud800", "shown"),
    ("title", "x" * 70_000, "shown"),
    ("title", 3, "shown"),
    ("score", float("nan"), "shown"),
    ("score", "1", "shown"),
    ("price", float("inf"), "shown"),
    ("box", (0.0, 0.0, float("inf"), 1.0), "shown"),
    ("tags", (None,), "shown"),
    ("object_count", -1, "shown"),
    ("indexed_at_ms", 1.5, "shown"),
)


def test_what_does_not_fit_is_refused_by_name() -> None:
    for field, value, column in UNFIT:
        changed: dict[str, Any] = {field: value}
        with pytest.raises(IndexRefused, match=rf"^row pin#\d+: {column} = "):
            to_columns(replace(ROW, **changed))
