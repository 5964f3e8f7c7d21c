"""Small versions of the pictures, as pixels and as data addresses."""

import base64
import io
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image

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
    picture = _load(file).copy()
    if box != WHOLE:
        picture = picture.crop(_crop_px(box, picture.size))
    picture.thumbnail((size_px, size_px), Image.Resampling.LANCZOS)
    return picture


def data_uri(picture: Image.Image) -> str:
    """The picture inside its own address, as JPEG."""
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(encoded.getvalue()).decode()


@lru_cache(maxsize=32)
def _load(file: Path | None) -> Image.Image:
    try:
        if file is not None:
            return Image.fromarray(decode(file.read_bytes()))
    except (OSError, PictureRefused):
        pass
    return Image.new("RGB", (240, 240), (160, 160, 160))


def _crop_px(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    width, height = size
    left, top, right, bottom = box
    x, y = _MARGIN * (right - left), _MARGIN * (bottom - top)
    x0, y0 = max(int((left - x) * width), 0), max(int((top - y) * height), 0)
    x1, y1 = min(round((right + x) * width), width), min(round((bottom + y) * height), height)
    x0, y0 = min(x0, width - 1), min(y0, height - 1)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)
