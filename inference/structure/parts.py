"""What a walk over a picture's structure returns, and the limit of its steps."""

from dataclasses import dataclass
from typing import Final

from inference.errors import PictureRefused

MAX_SEGMENTS: Final = 16_384
"""Segments, chunks or sub-blocks on the way to the pixels. A 16 MB PNG in pieces of 8 KiB has 2,048."""


@dataclass(frozen=True, slots=True)
class PictureParts:
    """The first frame of a picture."""

    format: str
    """Pillow's name of the format."""
    width_px: int
    height_px: int
    content: bytes
    """A picture of the same pixels without metadata, further frames, and what follows its end."""
    orientation: int = 1
    """EXIF's, 1..8."""
    is_complete: bool = True
    """Whether the file goes on to the end of its picture; only ever false of a JPEG."""


class SegmentCount:
    """Counts the steps of one walk."""

    def __init__(self, kind: str, *, limit: int = MAX_SEGMENTS) -> None:
        self._kind = kind
        self._limit = limit
        self.steps = 0

    def add(self) -> None:
        """Raises PictureRefused beyond the limit."""
        self.steps += 1
        if self.steps > self._limit:
            raise PictureRefused(f"a {self._kind} of more than {self._limit} segments")


def truncated(kind: str) -> PictureRefused:
    """The error for a file that ends before its pixels do."""
    return PictureRefused(f"a truncated {kind}: the file ends before its picture does")
