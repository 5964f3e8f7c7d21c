"""Codes of boxes on pins' pictures, embedded as the worker would; cached by picture and by the pixels in the box."""

from contextlib import suppress
from typing import Final

from cachetools import LRUCache

from api.metrics import ApiMetrics
from api.pictures.picture_cache import PictureCache
from api.pictures.query_models import QueryModels
from inference import images
from pinstream.search.hits import IndexedPin
from pinstream.store.codes import Code
from pinstream.store.collection import EMBEDDING_VERSION, Box

_SIZES: Final = 20_000

Key = tuple[str, images.Span, images.Span, int]
"""The picture's SHA-256, its columns and rows inside the box, and the embedding version."""


class BoxCodeCache:
    """Two boxes around the same pixels share a code. Use it from one event loop."""

    def __init__(self, pictures: PictureCache, models: QueryModels, *, capacity: int, metrics: ApiMetrics) -> None:
        self._pictures = pictures
        self._models = models
        self._metrics = metrics
        self._codes: LRUCache[Key, Code] = LRUCache(capacity)
        self._sizes: LRUCache[str, tuple[int, int]] = LRUCache(_SIZES)

    async def get(self, pin: IndexedPin, box: Box) -> Code:
        """The code of ``box`` on the pin's picture as it is at its address now.

        Raises what fetching, decoding and the models raise, or a Problem (429).
        """
        picture, crop_box = await self._pictures.get(pin), images.Box(*box)
        code = self._cached(picture.sha256, crop_box)
        self._metrics.add("cache_misses" if code is None else "cache_hits", "crops")
        if code is not None:
            return code
        crop = await self._models.embed_box(picture.encoded, crop_box)
        size = crop.width_px, crop.height_px
        self._sizes[picture.sha256] = size
        with suppress(ValueError):  # a cache of size 0 accepts nothing
            self._codes[_key(picture.sha256, crop_box, size)] = crop.code
        return crop.code

    def _cached(self, sha256: str, box: images.Box) -> Code | None:
        # The key holds pixels, so the picture's size must be known; it is, once the picture was decoded.
        size = self._sizes.get(sha256)
        return None if size is None else self._codes.get(_key(sha256, box, size))


def _key(sha256: str, box: images.Box, size: tuple[int, int]) -> Key:
    columns, rows = images.pixels_inside(box, *size)
    return sha256, columns, rows, EMBEDDING_VERSION
