"""The first directory of TIFF data, which a TIFF picture and EXIF's metadata share."""

import struct
from collections.abc import Iterator
from typing import Final

Entry = tuple[int, int, int, int]
"""Tag, type, number of values, and where its value stands."""

_ENTRY_BYTES: Final = 12
_NUMBERS: Final = {1: "B", 3: "H", 4: "I"}


def find_directory(content: bytes, order: str) -> tuple[int, int]:
    """Where the first entry stands, and how many there are; raises struct.error if the content ends before."""
    (start,) = struct.unpack_from(order + "I", content, 4)
    (entries,) = struct.unpack_from(order + "H", content, start)
    return start + 2, entries


def read_entries(content: bytes, order: str, start: int, entries: int) -> Iterator[Entry]:
    """The entries in order; raises struct.error where the content ends before they do."""
    for number in range(entries):
        at = start + number * _ENTRY_BYTES
        tag, kind, count = struct.unpack_from(order + "HHI", content, at)
        yield tag, kind, count, at + 8


def read_number(content: bytes, order: str, kind: int, at: int) -> int | None:
    """The value at ``at``; None if it is no whole number. Raises struct.error if the content ends before it does."""
    if kind not in _NUMBERS:
        return None
    value: int = struct.unpack_from(order + _NUMBERS[kind], content, at)[0]
    return value
