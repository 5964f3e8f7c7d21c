"""The segments and scans of a JPEG, up to the end of its picture: phones append videos, and headers hold thumbnails."""

import re
import struct
from typing import Final

from inference.errors import PictureRefused
from inference.structure.exif import read_orientation
from inference.structure.parts import PictureParts, SegmentCount, truncated

MAX_SCANS: Final = 64
"""A progressive picture has about ten. Each scan is a pass over all pixels but may be only a few bytes of the file."""
MAX_SEGMENTS: Final = 2048
MAX_FILL_BYTES: Final = 4096
"""Fill bytes, restarts and bytes between segments. Encoders write none or a few."""

# Escaped FF and restarts belong to a scan; of a run of FF only the last begins a marker.
_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_SIZES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_TABLES: Final = frozenset({0xC4, 0xCC, 0xDB, 0xDD, 0xE0, 0xEE})
"""Huffman, arithmetic and quantisation tables, restart interval, JFIF, and Adobe's colour transform."""
_SCAN: Final = 0xDA
_END: Final = 0xD9
_EXIF: Final = 0xE1
_NO_LENGTH: Final = (0x01, 0xD8)


def find_parts(encoded: bytes) -> PictureParts:
    """The first picture of the file without metadata; raises PictureRefused. Counted work; scans pass at C speed."""
    walk = _Walk(encoded)
    walk.run()
    if not walk.scans:
        raise truncated("JPEG")
    if walk.size is None:
        raise PictureRefused("a JPEG that does not say its size")
    content = b"".join([b"\xff\xd8", *walk.kept, b"\xff\xd9"])
    width_px, height_px = walk.size
    return PictureParts("JPEG", width_px, height_px, content, walk.orientation, walk.is_complete)


def read_size(encoded: bytes) -> tuple[int, int]:
    """Width and height from the head alone; raises PictureRefused."""
    walk = _Walk(encoded)
    walk.run(until_size=True)
    if walk.size is None:
        raise truncated("JPEG")
    return walk.size


class _Walk:
    def __init__(self, encoded: bytes) -> None:
        self._encoded = memoryview(encoded)
        self._bytes = encoded
        self._segments = SegmentCount("JPEG", limit=MAX_SEGMENTS)
        self._fill = 0
        self.kept: list[memoryview] = []
        self.size: tuple[int, int] | None = None
        self.orientation: int = 1
        self.scans = 0
        self.is_complete = False

    def run(self, *, until_size: bool = False) -> None:
        at = 2
        while not (until_size and self.size):
            found = self._next_marker(at)
            if found is None:
                return
            at = found.end()
            marker = found[1][0]
            if marker == _END:
                self.is_complete = True
                return
            if marker in _NO_LENGTH:
                continue
            if at + 2 > len(self._bytes):
                return
            end = at + max(int.from_bytes(self._encoded[at : at + 2], "big"), 2)
            if end > len(self._bytes):
                return
            self._take(marker, at, end)
            at = end

    def _next_marker(self, at: int) -> re.Match[bytes] | None:
        """The next marker; keeps the entropy-coded bytes before it, which only follow a scan's header."""
        self._segments.add()
        if self.scans:
            found = _MARKER.search(self._bytes, at)
            end = found.start() if found else len(self._bytes)
            self.kept.append(self._encoded[at:end])
            return found
        limit = at + MAX_FILL_BYTES - self._fill + 2
        found = _MARKER.search(self._bytes, at, limit)
        if found is None:
            if limit < len(self._bytes):
                raise PictureRefused(f"a JPEG with more than {MAX_FILL_BYTES} fill bytes between its segments")
            return None
        self._fill += found.start() - at
        return found

    def _take(self, marker: int, at: int, end: int) -> None:
        """Keep a segment that the pixels need; ``at`` is where its length stands."""
        if marker == _SCAN:
            self.scans += 1
            if self.scans > MAX_SCANS:
                raise PictureRefused(f"a JPEG of {self.scans} scans or more; the limit is {MAX_SCANS}")
        elif marker in _SIZES:
            if self.size is None and end - at >= 7:
                height, width = struct.unpack_from(">HH", self._bytes, at + 3)
                self.size = width, height
        elif marker == _EXIF:
            if self.orientation == 1 and self._bytes[at + 2 : at + 8] == b"Exif\x00\x00":
                self.orientation = read_orientation(self._bytes[at + 8 : end])
            return
        elif marker not in _TABLES:
            return
        self.kept.append(self._encoded[at - 2 : end])
