"""Thumbnails by picture and width, remembered for a while."""

import asyncio
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial

from cachetools import LRUCache

from api.guards.concurrency import ConcurrencyLimit
from api.metrics import ApiMetrics
from api.pictures.picture_cache import PinPicture
from api.pictures.thumbnails import Format, rendered

Key = tuple[str, int, Format]


class ThumbnailCache:
    """Makes each thumbnail once, so many at once as the gate lets in; use it from one event loop."""

    def __init__(
        self, threads: Executor, gate: ConcurrencyLimit, *, capacity_bytes: int, max_pixels: int, metrics: ApiMetrics
    ) -> None:
        self._threads = threads
        self._gate = gate
        self._max_pixels = max_pixels
        self._metrics = metrics
        self._kept: LRUCache[Key, bytes] = LRUCache(capacity_bytes, getsizeof=len)

    async def thumbnail(self, picture: PinPicture, width_px: int, kind: Format) -> bytes:
        """The encoded thumbnail; raises PictureRefused, or a Problem (429) if too many wait."""
        key = (picture.sha256, width_px, kind)
        kept = self._kept.get(key)
        self._metrics.add("cache_misses" if kept is None else "cache_hits", "thumbnails")
        if kept is None:
            make = partial(rendered, picture.encoded, width_px, kind, max_pixels=self._max_pixels)
            async with self._gate.place():
                kept = await asyncio.get_running_loop().run_in_executor(self._threads, make)
            with suppress(ValueError):  # larger than the whole cache: made again when it is asked for again
                self._kept[key] = kept
        return kept
