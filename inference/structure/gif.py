"""The first frame of a GIF, without the comments and application blocks before it."""

import struct
from typing import Final

from inference.errors import PictureRefused
from inference.structure.parts import PictureParts, SegmentCount, truncated

_EXTENSION: Final = 0x21
_FRAME: Final = 0x2C
_CONTROL: Final = 0xF9
"""A graphic control extension, which says what colour of the frame is transparent."""


def find_parts(encoded: bytes) -> PictureParts:
    """The first frame; raises PictureRefused."""
    if len(encoded) < 13:
        raise truncated("GIF")
    at = 13 + _palette_bytes(encoded[10])
    head, control, segments = encoded[:at], b"", SegmentCount("GIF")
    while at < len(encoded) and encoded[at] == _EXTENSION:
        end = _end_of_extension(encoded, at, segments)
        if encoded[at + 1 : at + 2] == bytes([_CONTROL]):
            control = encoded[at:end]
        at = end
    if at + 10 > len(encoded):
        raise truncated("GIF")
    if encoded[at] != _FRAME:
        raise PictureRefused("a GIF without a frame")
    return PictureParts("GIF", *_size(encoded, at), b"".join([head, control, memoryview(encoded)[at:]]))


def read_size(encoded: bytes) -> tuple[int, int]:
    """Width and height, of the screen or of its first frame if that is larger; raises PictureRefused."""
    parts = find_parts(encoded)
    return parts.width_px, parts.height_px


def _size(encoded: bytes, frame: int) -> tuple[int, int]:
    screen = struct.unpack_from("<HH", encoded, 6)
    left, top, width, height = struct.unpack_from("<HHHH", encoded, frame + 1)
    return max(screen[0], left + width), max(screen[1], top + height)


def _end_of_extension(encoded: bytes, at: int, segments: SegmentCount) -> int:
    at += 2
    while at < len(encoded):
        segments.add()
        length = encoded[at]
        at += 1 + length
        if not length:
            return at
    raise truncated("GIF")


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
