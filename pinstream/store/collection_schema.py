"""The collection's columns, their types and limits, and the conversion of rows to their values and back.

Values are checked before they are sent: Milvus Lite checks nothing, and a null in a row ends its process.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

import orjson

from pinstream.errors import IndexRefused
from pinstream.store.codes import CODE_BITS, as_code
from pinstream.store.collection import Row

ColumnType = Literal["VARCHAR", "BOOL", "INT16", "INT64", "BINARY_VECTOR", "JSON"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field of the collection: its Milvus data type, and its maximum of UTF-8 bytes or its number of bits."""

    name: str
    type: ColumnType
    max_bytes: int | None = None
    bits: int | None = None
    primary: bool = False


COLUMNS: Final[tuple[Column, ...]] = (
    Column(name="key", type="VARCHAR", max_bytes=80, primary=True),
    Column(name="pin_id", type="VARCHAR", max_bytes=64),
    Column(name="slot", type="INT16"),
    Column(name="alive", type="BOOL"),
    Column(name="code", type="BINARY_VECTOR", bits=CODE_BITS),
    Column(name="version", type="INT64"),
    Column(name="label", type="VARCHAR", max_bytes=256),
    Column(name="domain", type="VARCHAR", max_bytes=16),
    Column(name="image_sha256", type="VARCHAR", max_bytes=64),
    Column(name="published_at_ms", type="INT64"),
    Column(name="shown", type="JSON"),
)
"""The schema, in order: one column for each field that a filter may name, and the row as one JSON object.

The object repeats some columns, so that a search returns one value for a hit: pymilvus decodes value by value, and
with twenty columns that takes longer than the search in Milvus.
"""
SHOWN: Final = tuple(field.name for field in fields(Row) if field.name not in ("pin_id", "slot", "alive", "code"))
"""The fields of a Row that the column ``shown`` holds; those that have their default value are left out."""
MAX_SHOWN_BYTES: Final = 65_535
RETURNED_BY_SEARCH: Final = ("shown",)
"""Pin and slot are in the key, and every search filters by ``alive``. Milvus Lite cannot return codes."""
RETURNED_BY_READS: Final = ("key", "alive", "code", "shown")

_BY_NAME: Final = {column.name: column for column in COLUMNS}
_PLAIN: Final = tuple(column.name for column in COLUMNS if column.name not in ("key", "shown"))
_DEFAULTS: Final = {field.name: field.default for field in fields(Row)}
_KNOWN: Final = frozenset(SHOWN)
_INTEGER_BITS: Final = {"INT16": 15, "INT64": 63}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The columns, the index and the shards of a collection; ``shards`` is None where the server does not say (Lite).

    There is one shard, since an upsert is atomic for readers only within a shard.
    """

    columns: tuple[Column, ...] = COLUMNS
    index: str = "BIN_FLAT"
    metric: str = "HAMMING"
    shards: int | None = 1


def to_columns(row: Row) -> dict[str, Any]:
    """The values to store for ``row``, by column; raises IndexRefused naming a value that does not fit its column."""
    shown = {name: value for name in SHOWN if (value := getattr(row, name)) != _DEFAULTS[name]}
    stored = {name: getattr(row, name) for name in _PLAIN} | {"key": row.key, "shown": shown}
    for name, value in stored.items():
        reason = _fault(_BY_NAME[name], value)
        if reason:
            raise IndexRefused(f"row {row.key}: {name} = {value!r:.80}: {reason}")
    return stored


def from_columns(stored: Mapping[str, Any]) -> Row:
    """The row, from what a query returned."""
    return _row(stored["key"], stored["shown"], alive=stored["alive"], code=stored["code"])


def from_hit(key: str, stored: Mapping[str, Any]) -> Row:
    """The row, without its code, from what a search returned."""
    return _row(key, stored["shown"], alive=True, code=b"")


def _row(key: str, shown: Mapping[str, Any], *, alive: bool, code: bytes) -> Row:
    pin_id, _, slot = key.rpartition("#")
    values = dict(shown)
    if not values.keys() <= _KNOWN:  # written by a newer release
        values = {name: value for name, value in values.items() if name in _KNOWN}
    for name in ("box", "tags"):
        if name in values:
            values[name] = tuple(values[name])
    return Row(pin_id=pin_id, slot=int(slot), alive=alive, code=code, **values)


def _fault(column: Column, value: Any) -> str:
    """Why ``column`` cannot take ``value``, or an empty string."""
    match column.type:
        case "VARCHAR":
            return _text_fault(value, column.max_bytes or 0)
        case "INT16" | "INT64":
            largest = 2 ** _INTEGER_BITS[column.type] - 1
            return "" if type(value) is int and 0 <= value <= largest else f"not an integer from 0 to {largest}"
        case "BOOL":
            return "" if type(value) is bool else "neither True nor False"
        case "BINARY_VECTOR":
            return _code_fault(value)
        case "JSON":
            return _shown_fault(value)


def _text_fault(value: Any, max_bytes: int) -> str:
    if not isinstance(value, str):
        return "not a text"
    try:
        size_bytes = len(value.encode())
    except UnicodeEncodeError:
        return "not valid Unicode"
    return "" if size_bytes <= max_bytes else f"{size_bytes} bytes of UTF-8, at most {max_bytes} are stored"


def _code_fault(value: Any) -> str:
    try:
        as_code(value)
    except (TypeError, ValueError) as exc:
        return str(exc)
    return ""


def _shown_fault(shown: Mapping[str, Any]) -> str:
    texts = (*(shown.get(name, "") for name in ("title", "link", "image_url", "currency")), *shown.get("tags", ()))
    if not all(isinstance(text, str) for text in texts):
        return "title, link, image_url, currency and tags hold texts"
    numbers = (shown.get("score", 0.0), shown.get("price", 0.0), *shown.get("box", ()))
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        return "score, price and box hold finite numbers"
    integers = (shown.get(name, 0) for name in ("object_count", "indexed_at_ms"))
    if not all(type(integer) is int and 0 <= integer < 2**63 for integer in integers):
        return "object_count and indexed_at_ms hold integers from 0 up"
    try:
        size_bytes = len(orjson.dumps(shown))
    except orjson.JSONEncodeError as exc:
        return str(exc)
    return "" if size_bytes <= MAX_SHOWN_BYTES else f"{size_bytes} bytes of JSON, at most {MAX_SHOWN_BYTES} are stored"
