"""The chunks of a WebP that make up its pixels."""

import struct
from typing import Final

from inference.structure.exif import read_orientation
from inference.structure.parts import PictureParts, SegmentCount, truncated

_KEPT: Final = frozenset({b"VP8X", b"ALPH", b"VP8 ", b"VP8L", b"ANIM"})
_FRAME: Final = b"ANMF"


def find_parts(encoded: bytes) -> PictureParts:
    """The picture, of an animation its first frame, without metadata; raises PictureRefused."""
    size_px = read_size(encoded)
    view, segments = memoryview(encoded), SegmentCount("WebP")
    kept, orientation, has_frame, at = [], 1, False, 12
    while at + 8 <= len(encoded):
        segments.add()
        name = encoded[at : at + 4]
        (length,) = struct.unpack_from("<I", encoded, at + 4)
        end = at + 8 + length + length % 2
        if name in _KEPT or (name == _FRAME and not has_frame):
            kept.append(view[at:end])
            has_frame = has_frame or name == _FRAME
        elif name == b"EXIF":
            orientation = read_orientation(encoded[at + 8 : end])
        at = end
    if at == len(encoded) + 1:
        kept.append(memoryview(b"\x00"))  # the last chunk is of odd length and lacks its padding, as many do
    chunks = b"".join(kept)
    riff = struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WEBP")
    return PictureParts("WEBP", *size_px, riff + chunks, orientation)


def read_size(encoded: bytes) -> tuple[int, int]:
    """Width and height from the first chunk; raises PictureRefused."""
    head = encoded[12:42]
    if len(head) >= 18 and head.startswith(b"VP8X"):
        return int.from_bytes(head[12:15], "little") + 1, int.from_bytes(head[15:18], "little") + 1
    if len(head) >= 18 and head.startswith(b"VP8 "):
        width, height = struct.unpack_from("<HH", head, 14)
        return width & 0x3FFF, height & 0x3FFF
    if len(head) >= 13 and head.startswith(b"VP8L"):
        bits = int.from_bytes(head[9:13], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise truncated("WebP")
