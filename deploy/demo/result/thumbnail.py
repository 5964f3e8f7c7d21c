"""Small versions of the pictures, as pixels, as data addresses, and as coloured half-blocks for a terminal."""

import base64
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image
from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from inference.errors import PictureRefused
from inference.images import decode
from pinstream.store.collection import Box

WHOLE: Final[Box] = (0.0, 0.0, 1.0, 1.0)
_MARGIN: Final = 0.06
_JPEG_QUALITY: Final = 82


def thumbnail(file: Path | None, *, size_px: int, box: Box = WHOLE) -> Image.Image:
    """The part of a picture inside ``box``, with a little around it, at most ``size_px`` on its longer side.

    A picture that is gone becomes a grey tile, so that a page can always be made.
    """
    picture = _upright(file).copy()
    if box != WHOLE:
        picture = picture.crop(_pixels(box, picture.size))
    picture.thumbnail((size_px, size_px), Image.Resampling.LANCZOS)
    return picture


def data_uri(picture: Image.Image) -> str:
    """The picture inside its own address, as JPEG."""
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(encoded.getvalue()).decode()


def square(picture: Image.Image, *, size_px: int) -> Image.Image:
    """The middle of a picture, ``size_px`` on each side."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side)).resize((size_px, size_px), Image.Resampling.LANCZOS)


def half_blocks(pictures: Sequence[Image.Image], captions: Sequence[str], *, width: int, gap: int = 2) -> Segments:
    """Square pictures side by side in ``width`` columns each: two pixels a character, one above the other."""
    small = [square(picture, size_px=width - width % 2) for picture in pictures]
    segments: list[Segment] = []
    for row in range(0, width - width % 2, 2):
        for picture in small:
            segments.append(Segment(" " * gap))
            segments += [
                Segment("▀", Style(color=_colour(picture, column, row), bgcolor=_colour(picture, column, row + 1)))
                for column in range(picture.width)
            ]
        segments.append(Segment.line())
    for caption in captions:
        text = Text(caption)
        text.truncate(width, overflow="ellipsis", pad=True)
        segments += [Segment(" " * gap), Segment(text.plain, Style(dim=True))]
    segments.append(Segment.line())
    return Segments(segments)


@lru_cache(maxsize=32)
def _upright(file: Path | None) -> Image.Image:
    try:
        if file is not None:
            return Image.fromarray(decode(file.read_bytes()))
    except (OSError, PictureRefused):
        pass
    return Image.new("RGB", (240, 240), (160, 160, 160))


def _pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    left, top, right, bottom = box
    x, y = _MARGIN * (right - left), _MARGIN * (bottom - top)
    x0, y0 = max(int((left - x) * width), 0), max(int((top - y) * height), 0)
    x1, y1 = min(round((right + x) * width), width), min(round((bottom + y) * height), height)
    x0, y0 = min(x0, width - 1), min(y0, height - 1)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def _colour(picture: Image.Image, x: int, y: int) -> Color:
    red, green, blue = picture.getpixel((x, y))  # type: ignore[misc]  # RGB pictures have three
    return Color.from_rgb(red, green, blue)
