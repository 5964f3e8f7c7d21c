"""The first directory of a TIFF: how large the picture is, and in how many pieces."""

import struct
from typing import Final

from inference.errors import PictureRefused
from inference.structure.directory import find_directory, read_entries, read_number
from inference.structure.parts import MAX_SEGMENTS, PictureParts, truncated

MAX_ENTRIES: Final = 512
_WIDTH: Final = 256
_HEIGHT: Final = 257


def find_parts(encoded: bytes) -> PictureParts:
    """The whole file, of which a decoder reads the first page and turns it upright; raises PictureRefused."""
    return PictureParts("TIFF", *read_size(encoded), encoded)


def read_size(encoded: bytes) -> tuple[int, int]:
    """Width and height from the first directory; raises PictureRefused."""
    order = "<" if encoded.startswith(b"II") else ">"
    sides = {_WIDTH: 0, _HEIGHT: 0}
    try:
        start, entries = find_directory(encoded, order)
        if entries > MAX_ENTRIES:
            raise PictureRefused(f"a TIFF of {entries} entries, more than {MAX_ENTRIES}")
        for tag, kind, count, at in read_entries(encoded, order, start, entries):
            _check_count(tag, kind, count)
            if tag in sides and (side := read_number(encoded, order, kind, at)) is not None:
                sides[tag] = side
    except struct.error as exc:
        raise truncated("TIFF") from exc
    return sides[_WIDTH], sides[_HEIGHT]


def _check_count(tag: int, kind: int, count: int) -> None:
    """Profiles and texts are bytes, which cost nothing; numbers become objects, such as offsets of strips."""
    if count > MAX_SEGMENTS and kind not in (1, 2, 6, 7):
        raise PictureRefused(f"a TIFF with {count} values of tag {tag}, more than {MAX_SEGMENTS}")
