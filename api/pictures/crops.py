"""Codes of boxes on pins' pictures: embedded on the fly as the worker would, remembered by picture and pixels."""

from contextlib import suppress
from typing import Final

from cachetools import LRUCache

from api.metrics import ApiMetrics
from api.pictures.models import QueryModels
from api.pictures.picture_cache import PictureCache
from inference import images
from pinstream.search.hits import IndexedPin
from pinstream.store.codes import Code
from pinstream.store.collection import EMBEDDING_VERSION, Box

_SIZES: Final = 20_000

Key = tuple[str, images.Span, images.Span, int]
"""The picture's SHA-256, its columns and rows inside the box, and the embedding version."""


class Crops:
    """Use it from one event loop."""

    def __init__(self, pictures: PictureCache, models: QueryModels, *, capacity: int, metrics: ApiMetrics) -> None:
        self._pictures = pictures
        self._models = models
        self._metrics = metrics
        self._codes: LRUCache[Key, Code] = LRUCache(capacity)
        self._sizes: LRUCache[str, tuple[int, int]] = LRUCache(_SIZES)

    async def code(self, pin: IndexedPin, box: Box) -> Code:
        """The code of ``box`` on the pin's picture as its address gives it now.

        Raises what fetching, decoding and the models raise, or a Problem (429).
        """
        picture, asked = await self._pictures.of(pin), images.Box(*box)
        known = self._known(picture.sha256, asked)
        self._metrics.add("cache_misses" if known is None else "cache_hits", "crops")
        if known is not None:
            return known
        crop = await self._models.crop(picture.encoded, asked)
        size = crop.width_px, crop.height_px
        self._sizes[picture.sha256] = size
        with suppress(ValueError):  # a cache of size 0 takes nothing
            self._codes[_key(picture.sha256, asked, size)] = crop.code
        return crop.code

    def _known(self, sha256: str, box: images.Box) -> Code | None:
        size = self._sizes.get(sha256)
        return None if size is None else self._codes.get(_key(sha256, box, size))


def _key(sha256: str, box: images.Box, size: tuple[int, int]) -> Key:
    columns, rows = images.pixels_inside(box, *size)
    return sha256, columns, rows, EMBEDDING_VERSION
