"""The collection's columns: their types and limits, and a row as the values that go into them.

Everything is checked here, before it is sent: Milvus Lite checks nothing, and a null in a row ends its process.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from pinstream.codes import CODE_BITS, checked
from pinstream.collection import Row
from pinstream.errors import IndexRefused

NO_PRICE: Final = -1.0
"""What an absent price is stored as: servers before 2.5 know no null."""

ColumnType = Literal["VARCHAR", "BOOL", "INT16", "INT64", "DOUBLE", "BINARY_VECTOR", "ARRAY"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field of the collection: its Milvus data type, and what a text, an array or a code may hold.

    Texts are limited in UTF-8 bytes: four for each character that the event contract allows.
    """

    name: str
    type: ColumnType
    max_bytes: int | None = None
    element: Literal["VARCHAR", "DOUBLE"] | None = None
    max_items: int | None = None
    bits: int | None = None
    primary: bool = False


COLUMNS: Final[tuple[Column, ...]] = (
    Column(name="key", type="VARCHAR", max_bytes=80, primary=True),
    Column(name="pin_id", type="VARCHAR", max_bytes=64),
    Column(name="slot", type="INT16"),
    Column(name="alive", type="BOOL"),
    Column(name="code", type="BINARY_VECTOR", bits=CODE_BITS),
    Column(name="version", type="INT64"),
    Column(name="object_count", type="INT16"),
    Column(name="label", type="VARCHAR", max_bytes=256),
    Column(name="score", type="DOUBLE"),
    Column(name="box", type="ARRAY", element="DOUBLE", max_items=4),
    Column(name="domain", type="VARCHAR", max_bytes=16),
    Column(name="image_sha256", type="VARCHAR", max_bytes=64),
    Column(name="published_at_ms", type="INT64"),
    Column(name="indexed_at_ms", type="INT64"),
    Column(name="title", type="VARCHAR", max_bytes=2_000),
    Column(name="link", type="VARCHAR", max_bytes=8_192),
    Column(name="image_url", type="VARCHAR", max_bytes=8_192),
    Column(name="price", type="DOUBLE"),
    Column(name="currency", type="VARCHAR", max_bytes=8),
    Column(name="tags", type="ARRAY", element="VARCHAR", max_bytes=256, max_items=32),
)
RETURNED: Final = tuple(column.name for column in COLUMNS if column.name not in ("key", "code"))
"""What a search returns of a row: everything but the code, which Milvus Lite cannot send back."""

_BY_NAME: Final = {column.name: column for column in COLUMNS}
_ROW_FIELDS: Final = tuple(field.name for field in fields(Row))
_INTEGER_BITS: Final = {"INT16": 15, "INT64": 63}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a collection is made of; ``shards`` is None where the server does not tell (Milvus Lite).

    One shard, because only inside one shard do readers see all rows of an upsert or none.
    """

    columns: tuple[Column, ...] = COLUMNS
    index: str = "BIN_FLAT"
    metric: str = "HAMMING"
    shards: int | None = 1


def to_columns(row: Row) -> dict[str, Any]:
    """The values to store for ``row``, by column; raises IndexRefused naming the value that no column takes."""
    stored = {name: getattr(row, name) for name in _ROW_FIELDS}
    stored |= {
        "key": row.key,
        "price": NO_PRICE if row.price is None else row.price,
        "box": list(row.box),
        "tags": list(row.tags),
    }
    for name, value in stored.items():
        reason = _fault(_BY_NAME[name], value)
        if reason:
            raise IndexRefused(f"row {row.key}: {name} = {value!r:.80}: {reason}")
    return stored


def from_columns(stored: Mapping[str, Any], *, code: bytes = b"") -> Row:
    """The row that ``stored`` holds, with ``code`` where the answer carries none."""
    values = {name: stored[name] for name in _ROW_FIELDS if name != "code"}
    values |= {"box": tuple(values["box"]), "tags": tuple(values["tags"])}
    if values["price"] < 0:
        values["price"] = None
    return Row(code=code, **values)


def _fault(column: Column, value: Any) -> str:
    """Why ``column`` cannot take ``value``, or an empty string."""
    match column.type:
        case "VARCHAR":
            return _text_fault(value, column.max_bytes or 0)
        case "INT16" | "INT64":
            largest = 2 ** _INTEGER_BITS[column.type] - 1
            return "" if type(value) is int and 0 <= value <= largest else f"not an integer from 0 to {largest}"
        case "DOUBLE":
            return _number_fault(value)
        case "BOOL":
            return "" if type(value) is bool else "neither True nor False"
        case "BINARY_VECTOR":
            return _code_fault(value)
        case "ARRAY":
            return _array_fault(column, value)


def _text_fault(value: Any, max_bytes: int) -> str:
    if not isinstance(value, str):
        return "not a text"
    try:
        size_bytes = len(value.encode())
    except UnicodeEncodeError:
        return "not valid Unicode"
    return "" if size_bytes <= max_bytes else f"{size_bytes} bytes of UTF-8, at most {max_bytes} are stored"


def _number_fault(value: Any) -> str:
    return "" if isinstance(value, int | float) and math.isfinite(value) else "not a finite number"


def _code_fault(value: Any) -> str:
    try:
        checked(value)
    except (TypeError, ValueError) as exc:
        return str(exc)
    return ""


def _array_fault(column: Column, values: list[Any]) -> str:
    if len(values) > (column.max_items or 0):
        return f"{len(values)} items, at most {column.max_items} are stored"
    faults = (
        _number_fault(value) if column.element == "DOUBLE" else _text_fault(value, column.max_bytes or 0)
        for value in values
    )
    return next((fault for fault in faults if fault), "")
