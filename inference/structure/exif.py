"""The orientation in EXIF data: one entry of its first directory, instead of all that a library would copy."""

import struct
from typing import Final

from inference.structure.directory import find_directory, read_entries, read_number

_TAG: Final = 0x0112
_MAX_ENTRIES: Final = 1024


def read_orientation(exif: bytes) -> int:
    """EXIF's orientation, 1..8; 1 where there is none or it cannot be read, as browsers do."""
    tiff = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        start, entries = find_directory(tiff, order)
        for tag, kind, count, at in read_entries(tiff, order, start, min(entries, _MAX_ENTRIES)):
            if tag == _TAG:
                value = read_number(tiff, order, kind, at) if count == 1 else None
                return value if value is not None and 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
