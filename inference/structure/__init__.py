"""What an encoded picture holds, found by its lengths alone: before a library parses a byte of it.

Parsers of pictures do work for every segment, fill byte and comment that a stranger wrote. Here the structure is
walked in a bounded number of steps, and a decoder gets the parts that make up the first frame and nothing else.
"""

from types import ModuleType
from typing import Final

from inference.errors import PictureRefused
from inference.structure import gif, jpeg, png, webp
from inference.structure.parts import PictureParts
from inference.structure.recognise import describe

FORMATS: Final = ("JPEG", "PNG", "WebP", "GIF")


def find_parts(encoded: bytes) -> PictureParts:
    """The parts of a picture's first frame, in a bounded number of steps, whatever the bytes are.

    Raises PictureRefused if it is of no format in FORMATS, or has more segments, scans or fill bytes than a picture
    needs.
    """
    parts: PictureParts = _walker(encoded).find_parts(encoded)
    return parts


def read_size(encoded: bytes) -> tuple[int, int]:
    """Width and height from the head, which is enough; raises PictureRefused."""
    width_px, height_px = _walker(encoded).read_size(encoded)
    return width_px, height_px


def _walker(encoded: bytes) -> ModuleType:
    if encoded.startswith(b"\xff\xd8\xff"):
        return jpeg
    if encoded.startswith(b"\x89PNG\r\n\x1a\n"):
        return png
    if encoded.startswith((b"GIF87a", b"GIF89a")):
        return gif
    if encoded.startswith(b"RIFF") and encoded[8:12] == b"WEBP":
        return webp
    raise PictureRefused(f"{describe(encoded)}; expected {', '.join(FORMATS)}")
