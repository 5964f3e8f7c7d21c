"""The header of a BMP. Run-length coded ones are refused: their decoder in Pillow is a loop over every run."""

import struct
from typing import Final

from inference.errors import PictureRefused
from inference.structure.parts import PictureParts, truncated

_CORE_HEADER_BYTES: Final = 12
_UNCOMPRESSED: Final = (0, 3, 6)


def find_parts(encoded: bytes) -> PictureParts:
    """The whole file; raises PictureRefused."""
    size_px = read_size(encoded)
    if _header_bytes(encoded) > _CORE_HEADER_BYTES:
        (compression,) = struct.unpack_from("<I", encoded, 30)
        if compression not in _UNCOMPRESSED:
            raise PictureRefused(f"a BMP of compression {compression}; only uncompressed ones are read")
    return PictureParts("BMP", *size_px, encoded)


def read_size(encoded: bytes) -> tuple[int, int]:
    """Width and height from the head alone; raises PictureRefused."""
    if len(encoded) < 34:
        raise truncated("BMP")
    core = _header_bytes(encoded) == _CORE_HEADER_BYTES
    width_px, height_px = struct.unpack_from("<HH" if core else "<ii", encoded, 18)
    return abs(width_px), abs(height_px)  # a negative height means that the first row is the top one


def _header_bytes(encoded: bytes) -> int:
    size: int = struct.unpack_from("<I", encoded, 14)[0]
    return size
