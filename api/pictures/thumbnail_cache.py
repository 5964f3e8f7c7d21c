"""Thumbnails, made in threads and cached by picture, width and format."""

import asyncio
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial

from cachetools import LRUCache

from api.metrics import ApiMetrics
from api.middleware.concurrency_limit import ConcurrencyLimit
from api.pictures.picture_cache import PinPicture
from api.pictures.thumbnails import Format, render_thumbnail

Key = tuple[str, int, Format]


class ThumbnailCache:
    """Renders thumbnails in threads, under a concurrency limit; use it from one event loop."""

    def __init__(
        self, threads: Executor, limit: ConcurrencyLimit, *, capacity_bytes: int, max_pixels: int, metrics: ApiMetrics
    ) -> None:
        self._threads = threads
        self._limit = limit
        self._max_pixels = max_pixels
        self._metrics = metrics
        self._cached: LRUCache[Key, bytes] = LRUCache(capacity_bytes, getsizeof=len)

    async def get(self, picture: PinPicture, width_px: int, image_format: Format) -> bytes:
        """The encoded thumbnail; raises PictureRefused, or a Problem (429) if too many wait."""
        key = (picture.sha256, width_px, image_format)
        thumbnail = self._cached.get(key)
        self._metrics.add("cache_misses" if thumbnail is None else "cache_hits", "thumbnails")
        if thumbnail is None:
            make = partial(render_thumbnail, picture.encoded, width_px, image_format, max_pixels=self._max_pixels)
            async with self._limit.permit():
                thumbnail = await asyncio.get_running_loop().run_in_executor(self._threads, make)
            with suppress(ValueError):  # larger than the whole cache, so not cached
                self._cached[key] = thumbnail
        return thumbnail
