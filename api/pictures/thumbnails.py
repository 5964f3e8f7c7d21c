"""Small pictures for a browser, made anew from pixels: no byte that a stranger wrote reaches it. And placeholders."""

import hashlib
from enum import IntEnum
from typing import Final, Literal
from xml.sax.saxutils import escape

import cv2

from inference.images import Pixels, decode

Format = Literal["webp", "jpeg"]
MEDIA_TYPES: Final[dict[Format, str]] = {"webp": "image/webp", "jpeg": "image/jpeg"}
_QUALITY: Final[dict[Format, list[int]]] = {
    "webp": [cv2.IMWRITE_WEBP_QUALITY, 82],
    "jpeg": [cv2.IMWRITE_JPEG_QUALITY, 85],
}


class Width(IntEnum):
    """The widths that thumbnails come in, px."""

    SMALL = 160
    MEDIUM = 320
    LARGE = 640
    HUGE = 1280


MAX_ASPECT: Final = 8
"""A thumbnail is so many times as high as it may be wide at most: WebP ends at 16,383 px, and so does patience."""


def rendered(encoded: bytes, width_px: int, kind: Format, *, max_pixels: int) -> bytes:
    """The picture, upright, at most so wide, never enlarged; blocks. Raises PictureRefused."""
    pixels = _shrunk(decode(encoded, max_pixels=max_pixels), width_px)
    made, content = cv2.imencode(f".{kind}", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), _QUALITY[kind])
    if not made:
        raise RuntimeError(f"OpenCV cannot write {kind}")
    return content.tobytes()


def _shrunk(pixels: Pixels, width_px: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = min(width_px / width, MAX_ASPECT * width_px / height)
    if scale >= 1:
        return pixels
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return small


def placeholder(pin_id: str, reason: str) -> bytes:
    """A drawn picture for a pin whose own cannot be had, as SVG; each pin has its colour."""
    hue = int(hashlib.sha256(pin_id.encode()).hexdigest()[:4], 16) % 360
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320" role="img" '
        f'aria-label="no picture: {escape(reason)}">'
        f'<rect width="320" height="320" fill="hsl({hue} 28% 86%)"/>'
        f'<g fill="none" stroke="hsl({hue} 24% 58%)" stroke-width="8" stroke-linejoin="round" stroke-linecap="round">'
        '<rect x="88" y="100" width="144" height="120" rx="12"/><path d="M96 208l44-48 30 30 22-20 32 34"/>'
        '<circle cx="192" cy="138" r="12"/><path d="M76 236L244 84"/></g></svg>'
    ).encode()


def etag(sha256: str, width_px: int, kind: str) -> str:
    """What tells one thumbnail from another."""
    return f'"{sha256[:20]}-{width_px}-{kind}"'
