"""Thumbnails, encoded anew from pixels so that no byte of the original reaches a browser; and placeholders."""

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
    SMALL = 160
    MEDIUM = 320
    LARGE = 640
    HUGE = 1280


MAX_ASPECT: Final = 8
"""A thumbnail is at most this many times as high as its width: WebP allows at most 16,383 px."""


def render_thumbnail(encoded: bytes, width_px: int, image_format: Format, *, max_pixels: int) -> bytes:
    """The picture upright, at most ``width_px`` wide, never enlarged; blocks. Raises PictureRefused."""
    pixels = _shrink(decode(encoded, max_pixels=max_pixels), width_px)
    encoded_ok, content = cv2.imencode(
        f".{image_format}", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), _QUALITY[image_format]
    )
    if not encoded_ok:
        raise RuntimeError(f"OpenCV cannot write {image_format}")
    return content.tobytes()


def _shrink(pixels: Pixels, width_px: int) -> Pixels:
    height, width = pixels.shape[:2]
    scale = min(width_px / width, MAX_ASPECT * width_px / height)
    if scale >= 1:
        return pixels
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small: Pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return small


def placeholder_svg(pin_id: str, reason: str) -> bytes:
    """A drawing to show instead of a pin's picture; each pin has its own colour."""
    hue = int(hashlib.sha256(pin_id.encode()).hexdigest()[:4], 16) % 360
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320" role="img" '
        f'aria-label="no picture: {escape(reason)}">'
        f'<rect width="320" height="320" fill="hsl({hue} 28% 86%)"/>'
        f'<g fill="none" stroke="hsl({hue} 24% 58%)" stroke-width="8" stroke-linejoin="round" stroke-linecap="round">'
        '<rect x="88" y="100" width="144" height="120" rx="12"/><path d="M96 208l44-48 30 30 22-20 32 34"/>'
        '<circle cx="192" cy="138" r="12"/><path d="M76 236L244 84"/></g></svg>'
    ).encode()


def etag(sha256: str, width_px: int, image_format: str) -> str:
    return f'"{sha256[:20]}-{width_px}-{image_format}"'
