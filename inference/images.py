"""Bytes to pixels, and pixels to what a model sees: the only decoder and the only resize kernel.

The kernel belongs to the embedding version: another one flips 2-8 % of the bits.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from inference.errors import PictureRefused

Pixels = npt.NDArray[np.uint8]

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
MAX_PIXELS: Final = 40_000_000
MIN_SIDE_PX: Final = 8
RESIZE_KERNEL: Final = "squash, cv2.INTER_AREA"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a picture: left, top, right, bottom as fractions of its size, 0..1."""

    x0: float
    y0: float
    x1: float
    y1: float


WHOLE: Final = Box(0.0, 0.0, 1.0, 1.0)


def decode(encoded: bytes, *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Upright RGB pixels of an encoded picture, ``(height, width, 3) uint8``.

    JPEG, PNG, WebP and GIF (first frame) are recognised by content. EXIF orientation is applied,
    CMYK, palette, grey and 16-bit pictures become 8-bit RGB, transparency is laid on white.
    Raises PictureRefused, naming what is wrong; the pixel limit is checked before pixels are decoded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(encoded), formats=FORMATS) as picture:
                _check_size(picture.size, max_pixels)
                picture.load()
                return np.asarray(_to_rgb(ImageOps.exif_transpose(picture)))
    except UnidentifiedImageError as exc:
        raise PictureRefused(f"not a picture: {_head(encoded)}; expected {', '.join(FORMATS)}") from exc
    except Image.DecompressionBombError as exc:
        raise PictureRefused(f"more pixels than the limit of {max_pixels}: {exc}") from exc
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, OverflowError) as exc:
        raise PictureRefused(f"a picture that does not decode: {exc}") from exc


def squash(pixels: Pixels, size_px: int, box: Box = WHOLE) -> Pixels:
    """The part of ``pixels`` inside ``box``, resized without keeping its aspect, ``(size, size, 3) uint8``."""
    height, width = pixels.shape[:2]
    left, right = _span(box.x0, box.x1, width)
    top, bottom = _span(box.y0, box.y1, height)
    return np.asarray(
        cv2.resize(pixels[top:bottom, left:right], (size_px, size_px), interpolation=cv2.INTER_AREA),
        dtype=np.uint8,
    )


def _span(low: float, high: float, length: int) -> tuple[int, int]:
    """Whole pixels covering ``low..high`` of ``length``: at least one, never outside."""
    first = min(max(round(low * length), 0), length - 1)
    return first, min(max(round(high * length), first + 1), length)


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise PictureRefused(f"{width}x{height} is more pixels than the limit of {max_pixels}")
    if min(width, height) < MIN_SIDE_PX:
        raise PictureRefused(f"{width}x{height} is too small; each side must be at least {MIN_SIDE_PX} px")


def _to_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode in ("I", "I;16", "I;16B", "I;16L", "I;16N", "F"):
        grey = np.asarray(picture, dtype=np.float64)
        return Image.fromarray((np.clip(grey, 0, 65535) / 257).astype(np.uint8)).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        coloured = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), coloured).convert("RGB")
    return picture.convert("RGB")


def _head(encoded: bytes) -> str:
    return f"{len(encoded)} bytes starting with {encoded[:8]!r}" if encoded else "0 bytes"
