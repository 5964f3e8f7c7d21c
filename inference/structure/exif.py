"""The orientation in EXIF data: one entry of its first directory, instead of all that a library would copy."""

import struct
from typing import Final

_TAG: Final = 0x0112
_TYPES: Final = {1: "B", 3: "H", 4: "I"}
_ENTRY_BYTES: Final = 12
_MAX_ENTRIES: Final = 1024


def read_orientation(exif: bytes) -> int:
    """EXIF's orientation, 1..8; 1 where there is none or it cannot be read, as browsers do."""
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, start)
        for number in range(min(entries, _MAX_ENTRIES)):
            at = start + 2 + number * _ENTRY_BYTES
            tag, kind, count = struct.unpack_from(order + "HHI", tiff, at)
            if tag == _TAG:
                value: int = struct.unpack_from(order + _TYPES[kind], tiff, at + 8)[0] if count == 1 else 1
                return value if 1 <= value <= 8 else 1
    except (struct.error, KeyError):
        return 1
    return 1
