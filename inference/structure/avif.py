"""The boxes of an AVIF: how large its largest item is, and how many there are."""

import struct
from collections.abc import Iterator
from typing import Final

from inference.errors import PictureRefused
from inference.structure.parts import PictureParts, SegmentCount, truncated

BRANDS: Final = (b"avif", b"avis")
MAX_BOXES: Final = 4096
MAX_ITEMS: Final = 1024
"""A grid of 48 megapixels has some 200 tiles."""
_INSIDE: Final = {b"meta": 4, b"iprp": 0, b"ipco": 0}
"""Boxes that lead to the sizes, and the bytes before the first box within."""


def find_parts(encoded: bytes) -> PictureParts:
    """The whole file; the decoder knows how it is turned. Raises PictureRefused."""
    return PictureParts("AVIF", *read_size(encoded), encoded)


def read_size(encoded: bytes) -> tuple[int, int]:
    """Width and height of the largest item, which is never smaller than the picture; raises PictureRefused."""
    sizes = list(_sizes(encoded, 0, len(encoded), SegmentCount("AVIF", limit=MAX_BOXES)))
    if not sizes:
        raise truncated("AVIF")
    return max(sizes, key=lambda size: size[0] * size[1])


def _sizes(encoded: bytes, at: int, end: int, boxes: SegmentCount) -> Iterator[tuple[int, int]]:
    while at + 8 <= end:
        boxes.add()
        length, name = struct.unpack_from(">I4s", encoded, at)
        if length < 8:
            length = _long_length(encoded, at, length, end)
        inside, after = at + 8, min(at + length, end)
        if name in _INSIDE:
            yield from _sizes(encoded, inside + _INSIDE[name], after, boxes)
        elif name == b"ispe" and inside + 12 <= after:
            width_px, height_px = struct.unpack_from(">II", encoded, inside + 4)
            yield width_px, height_px
        elif name == b"iinf" and inside + 8 <= after:
            _check_items(encoded, inside)
        at += length


def _long_length(encoded: bytes, at: int, length: int, end: int) -> int:
    if length == 0:  # up to the end
        return end - at
    if length == 1 and at + 16 <= end:
        large: int = struct.unpack_from(">Q", encoded, at + 8)[0]
        if large >= 16:
            return large
    raise PictureRefused(f"an AVIF with a box of {length} bytes; the least is 8")


def _check_items(encoded: bytes, at: int) -> None:
    items = int.from_bytes(encoded[at + 4 : at + 6 + 2 * bool(encoded[at])], "big")
    if items > MAX_ITEMS:
        raise PictureRefused(f"an AVIF of {items} items, more than {MAX_ITEMS}")
