"""What an encoded picture holds, found by its lengths alone: before a library parses a byte of it.

Parsers of pictures do work for every segment, fill byte and comment that a stranger wrote. Here the structure is
walked in a bounded number of steps, and a decoder gets the parts that make up the first frame and nothing else.
"""

from types import ModuleType
from typing import Final

from inference.errors import PictureRefused
from inference.structure import avif, bmp, gif, jpeg, png, tiff, webp
from inference.structure.parts import PictureParts
from inference.structure.recognise import describe

FORMATS: Final = ("JPEG", "PNG", "WebP", "GIF", "AVIF", "TIFF", "BMP")

_MAX_BRANDS_BYTES: Final = 256
_STARTS: Final = (
    (b"\xff\xd8\xff", jpeg),
    (b"\x89PNG\r\n\x1a\n", png),
    (b"GIF87a", gif),
    (b"GIF89a", gif),
    (b"II*\x00", tiff),
    (b"MM\x00*", tiff),
    (b"BM", bmp),
)


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
    for start, walker in _STARTS:
        if encoded.startswith(start):
            return walker
    if encoded.startswith(b"RIFF") and encoded[8:12] == b"WEBP":
        return webp
    if encoded[4:8] == b"ftyp" and any(brand in avif.BRANDS for brand in _brands(encoded)):
        return avif
    raise PictureRefused(f"{describe(encoded)}; expected {', '.join(FORMATS)}")


def _brands(encoded: bytes) -> list[bytes]:
    """What a file of boxes says it is: first its own brand, then those it is compatible with."""
    end = min(int.from_bytes(encoded[:4], "big"), _MAX_BRANDS_BYTES, len(encoded))
    return [encoded[at : at + 4] for at in (8, *range(16, end, 4))]
