"""Bytes to pixels, and pixels to a model's input: the only decoder and the only resize kernel.

The kernel belongs to the embedding version: another one flips 2-8 % of the bits.
"""

import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from inference import structure
from inference.errors import PictureRefused
from inference.structure.parts import PictureParts, truncated

Pixels = npt.NDArray[np.uint8]

MAX_PIXELS: Final = 40_000_000
MIN_SIDE_PX: Final = 8
MIN_JPEG_SHARE: Final = 0.75
"""A JPEG that lacks its last bytes is shown by browsers with grey rows; with more of them its code means little."""
RESIZE_KERNEL: Final = "squash, cv2.INTER_AREA"

_MISSING: Final = 128
_RGB_AS_STORED: Final = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
_ORIENTATIONS: Final[Mapping[int, tuple[bool, int | None]]] = {
    1: (False, None),
    2: (False, 1),
    3: (False, -1),
    4: (False, 0),
    5: (True, None),
    6: (True, 1),
    7: (True, -1),
    8: (True, 0),
}
"""How to undo an EXIF orientation: whether to transpose, then the axis of `cv2.flip` (0 rows, 1 columns, -1 both)."""
# What Pillow's readers raise (UnidentifiedImageError among the OSErrors) on bytes that only look like a picture.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    MemoryError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a picture: left, top, right, bottom as fractions of its size, 0..1."""

    x0: float
    y0: float
    x1: float
    y1: float


WHOLE: Final = Box(0.0, 0.0, 1.0, 1.0)
Span = tuple[int, int]
"""The first pixel, and the one after the last."""


def decode(encoded: bytes, *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Upright RGB pixels of an encoded picture, ``(height, width, 3) uint8``; blocks, on one core.

    JPEG, PNG, WebP, GIF, AVIF, TIFF and BMP (first frame) are recognised by content. EXIF orientation is applied,
    CMYK, palette, grey and 16-bit pictures become 8-bit RGB, transparency is laid on white.
    A JPEG that lacks its last bytes is taken as browsers show it, if `MIN_JPEG_SHARE` of its rows are there.
    Raises PictureRefused, naming what is wrong; structure and pixel limit are checked before pixels are decoded.
    """
    parts = structure.find_parts(encoded)
    _check_size((parts.width_px, parts.height_px), max_pixels)
    try:
        with Image.open(io.BytesIO(parts.content), formats=[parts.format]) as picture:
            _check_size(picture.size, max_pixels)
            # Of an AVIF the orientation is a property of its item, which Pillow translates into EXIF's.
            orientation = _orientation(picture) if parts.format == "AVIF" else parts.orientation
            return _upright(_pixels(picture, parts), orientation)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise PictureRefused(f"more pixels than the limit of {max_pixels}: {exc}") from exc
    except _BROKEN as exc:
        raise PictureRefused(
            f"a {parts.format} that does not decode: {type(exc).__name__} {str(exc)[:200]}".rstrip()
        ) from exc


def pixel_count(encoded: bytes, *, max_pixels: int = MAX_PIXELS) -> int:
    """How many pixels `decode` would return, from the header alone; 0 if that cannot be read.

    It refuses nothing: `decode` does that.
    """
    try:
        width, height = structure.read_size(encoded)
    except PictureRefused:
        return 0
    return min(width * height, max_pixels)


def squash(pixels: Pixels, size_px: int, box: Box = WHOLE) -> Pixels:
    """The part of ``pixels`` inside ``box``, resized without keeping its aspect, ``(size, size, 3) uint8``."""
    height, width = pixels.shape[:2]
    (left, right), (top, bottom) = pixels_inside(box, width, height)
    return np.asarray(
        cv2.resize(pixels[top:bottom, left:right], (size_px, size_px), interpolation=cv2.INTER_AREA),
        dtype=np.uint8,
    )


def pixels_inside(box: Box, width_px: int, height_px: int) -> tuple[Span, Span]:
    """The columns and rows that `squash` takes of a box: boxes with the same pixels have the same code."""
    return _span(box.x0, box.x1, width_px), _span(box.y0, box.y1, height_px)


def _span(low: float, high: float, length: int) -> Span:
    """Whole pixels covering ``low..high`` of ``length``: at least one, never outside."""
    first = min(max(round(low * length), 0), length - 1)
    return first, min(max(round(high * length), first + 1), length)


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise PictureRefused(f"{width}x{height} is more pixels than the limit of {max_pixels}")
    if min(width, height) < MIN_SIDE_PX:
        raise PictureRefused(f"{width}x{height} is too small; each side must be at least {MIN_SIDE_PX} px")


def _pixels(picture: Image.Image, parts: PictureParts) -> Pixels:
    """RGB as stored, before EXIF orientation is applied."""
    if parts.format == "JPEG" and picture.mode in ("RGB", "L"):
        # OpenCV gives the same pixels as Pillow in a third of the time and without three copies.
        decoded = cv2.imdecode(np.frombuffer(parts.content, np.uint8), _RGB_AS_STORED)
        if decoded is not None and decoded.shape == (picture.height, picture.width, 3):
            pixels = np.asarray(decoded, dtype=np.uint8)
            if not parts.is_complete:
                _check_most_is_there(pixels)
            return pixels
    if not parts.is_complete:
        raise truncated(parts.format)
    picture.load()
    return np.asarray(_to_rgb(picture))


def _check_most_is_there(pixels: Pixels) -> None:
    """Refuse a JPEG of whose rows too many are missing: the decoder leaves them at exactly ``_MISSING``."""
    height = len(pixels)
    present = np.flatnonzero((pixels != _MISSING).any(axis=(1, 2)))
    rows = int(present[-1]) + 1 if len(present) else 0
    if rows < MIN_JPEG_SHARE * height:
        raise PictureRefused(f"a truncated JPEG: {rows} of {height} rows are there, fewer than {MIN_JPEG_SHARE:.0%}")


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in ("I", "I;16", "I;16B", "I;16L", "I;16N"):
        grey = np.clip(np.asarray(picture), 0, 65535) >> 8  # the high byte, as Pillow reads 16-bit RGB
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        coloured = picture.convert("RGBA")
        page = Image.new("RGB", picture.size, "white")
        page.paste(coloured, mask=coloured.getchannel("A"))
        return page
    return picture.convert("RGB")


def _orientation(picture: Image.Image) -> int:
    found = picture.getexif().get(ExifTags.Base.Orientation, 1)
    return found if isinstance(found, int) and found in _ORIENTATIONS else 1


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    transposed, flip = _ORIENTATIONS[orientation]
    turned = cv2.transpose(pixels) if transposed else pixels
    return np.asarray(turned if flip is None else cv2.flip(turned, flip), dtype=np.uint8)
