"""The first directory of a TIFF: how large the picture is, and in how many pieces."""

import struct
from typing import Final

from inference.errors import PictureRefused
from inference.structure.parts import MAX_SEGMENTS, PictureParts, truncated

MAX_ENTRIES: Final = 512
_WIDTH: Final = 256
_HEIGHT: Final = 257
_VALUES: Final = {1: "B", 3: "H", 4: "I"}


def find_parts(encoded: bytes) -> PictureParts:
    """The whole file, of which a decoder reads the first page and turns it upright; raises PictureRefused."""
    return PictureParts("TIFF", *read_size(encoded), encoded)


def read_size(encoded: bytes) -> tuple[int, int]:
    """Width and height from the first directory; raises PictureRefused."""
    order = "<" if encoded.startswith(b"II") else ">"
    sides = {_WIDTH: 0, _HEIGHT: 0}
    try:
        (start,) = struct.unpack_from(order + "I", encoded, 4)
        (entries,) = struct.unpack_from(order + "H", encoded, start)
        if entries > MAX_ENTRIES:
            raise PictureRefused(f"a TIFF of {entries} entries, more than {MAX_ENTRIES}")
        for number in range(entries):
            at = start + 2 + number * 12
            tag, kind, count = struct.unpack_from(order + "HHI", encoded, at)
            _check_count(tag, kind, count)
            if tag in sides and kind in _VALUES:
                (sides[tag],) = struct.unpack_from(order + _VALUES[kind], encoded, at + 8)
    except struct.error as exc:
        raise truncated("TIFF") from exc
    return sides[_WIDTH], sides[_HEIGHT]


def _check_count(tag: int, kind: int, count: int) -> None:
    """Profiles and texts are bytes, which cost nothing; numbers become objects, such as offsets of strips."""
    if count > MAX_SEGMENTS and kind not in (1, 2, 6, 7):
        raise PictureRefused(f"a TIFF with {count} values of tag {tag}, more than {MAX_SEGMENTS}")
