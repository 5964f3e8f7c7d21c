"""The chunks of a PNG that its first frame needs: no text, profiles or frames of an animation."""

import struct
from typing import Final

from inference.structure.exif import read_orientation
from inference.structure.parts import PictureParts, SegmentCount, truncated

_SIGNATURE_BYTES: Final = 8
_KEPT: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_AROUND_CONTENT: Final = 12
"""Length and name before a chunk's content, a check sum after it."""


def find_parts(encoded: bytes) -> PictureParts:
    """The picture without metadata; raises PictureRefused."""
    size_px = read_size(encoded)
    view, segments = memoryview(encoded), SegmentCount("PNG")
    kept, orientation, at = [view[:_SIGNATURE_BYTES]], 1, _SIGNATURE_BYTES
    while at + 8 <= len(encoded):
        segments.add()
        (length,) = struct.unpack_from(">I", encoded, at)
        name = encoded[at + 4 : at + 8]
        end = at + length + _AROUND_CONTENT
        if name in _KEPT:
            kept.append(view[at:end])
        elif name == b"eXIf":
            orientation = read_orientation(encoded[at + 8 : end])
        if name == b"IEND":
            break
        at = end
    return PictureParts("PNG", *size_px, b"".join(kept), orientation)


def read_size(encoded: bytes) -> tuple[int, int]:
    """Width and height from the head alone; raises PictureRefused."""
    if len(encoded) < 24 or encoded[12:16] != b"IHDR":
        raise truncated("PNG")
    width_px, height_px = struct.unpack_from(">II", encoded, 16)
    return width_px, height_px
