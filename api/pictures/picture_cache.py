"""The encoded pictures of pins: fetched under the fetch policy, each once at a time, and cached."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from typing import Final, Protocol

from cachetools import LRUCache

from api.feed.recent_pins import RecentPins, RecordPosition
from api.metrics import ApiMetrics
from api.middleware.concurrency_limit import ConcurrencyLimit
from api.middleware.problems import Problem
from fetch.errors import FetchError, FetchFailed, FetchRefused
from pinstream.events import ImageRef
from pinstream.search.hits import IndexedPin

_REFUSED_FOR_S: Final = 60.0
_FAILED_FOR_S: Final = 5.0
_MAX_ERRORS: Final = 10_000

Key = tuple[str, int]
"""A pin and its version, which together have one picture."""


class UrlFetcher(Protocol):
    """Fetches pictures from their addresses, such as `fetch.fetcher.Fetcher`."""

    async def fetch(self, image: ImageRef) -> bytes:
        """The encoded picture; raises FetchRefused or FetchFailed."""


class InlineSource(Protocol):
    """Reads pictures that are inside their events, such as `api.pictures.inline_reader.InlineReader`."""

    async def read(self, pin_id: str, version: int, position: RecordPosition) -> bytes:
        """The encoded picture; raises FetchRefused if the event there is not of that version, or FetchFailed."""


@dataclass(frozen=True, slots=True)
class PinPicture:
    """An encoded picture and the SHA-256 of its bytes, hexadecimal."""

    encoded: bytes
    sha256: str


class PictureCache:
    """Fetches each picture once, however many ask at once; use it from one event loop."""

    def __init__(
        self,
        fetcher: UrlFetcher,
        inline_pictures: InlineSource,
        recent_pins: RecentPins,
        limit: ConcurrencyLimit,
        *,
        capacity_bytes: int,
        metrics: ApiMetrics,
    ) -> None:
        self._fetcher = fetcher
        self._inline_pictures = inline_pictures
        self._recent_pins = recent_pins
        self._limit = limit
        self._metrics = metrics
        self._cached: LRUCache[Key, PinPicture] = LRUCache(capacity_bytes, getsizeof=lambda each: len(each.encoded))
        self._errors: LRUCache[Key, tuple[float, FetchError]] = LRUCache(_MAX_ERRORS)
        self._running: dict[Key, asyncio.Task[PinPicture]] = {}
        self.clock: Callable[[], float] = time.monotonic

    async def get(self, pin: IndexedPin) -> PinPicture:
        """The picture as it is at its address now; raises FetchRefused, FetchFailed, or a Problem (429).

        FetchFailed is raised again for 5 s and FetchRefused for 60 s without a fetch, to spare hosts that fail.
        """
        key = (pin.pin_id, pin.version)
        cached = self._cached.get(key)
        self._metrics.add("cache_hits" if cached else "cache_misses", "pictures")
        if cached is not None:
            return cached
        self._raise_recent_error(key)
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._fetch(key, pin))
            self._running[key] = task
            task.add_done_callback(lambda _done: self._running.pop(key, None))
        # Shielded: a caller that leaves must not cancel the fetch that others wait for.
        return await asyncio.shield(task)

    def _raise_recent_error(self, key: Key) -> None:
        recent = self._errors.get(key)
        if recent is not None:
            until_s, error = recent
            if self.clock() < until_s:
                raise copy(error)  # each caller its own, or tracebacks would pile up on one error
            del self._errors[key]

    async def _fetch(self, key: Key, pin: IndexedPin) -> PinPicture:
        try:
            async with self._limit.permit():
                encoded = await self._read(pin)
        except FetchError as exc:
            for_s = _FAILED_FOR_S if isinstance(exc, FetchFailed) else _REFUSED_FOR_S
            # A copy has no traceback, whose frames would keep the picture that was read so far in memory.
            self._errors[key] = (self.clock() + for_s, copy(exc))
            raise
        picture = PinPicture(encoded, hashlib.sha256(encoded).hexdigest())
        with suppress(ValueError):  # larger than the whole cache: fetched again when it is asked for again
            self._cached[key] = picture
        return picture

    async def _read(self, pin: IndexedPin) -> bytes:
        if pin.image_url:
            return await self._fetcher.fetch(ImageRef(url=pin.image_url))
        position = self._recent_pins.get(pin.pin_id).position_of_version(pin.version)
        if position is None:
            raise FetchRefused(f"pin {pin.pin_id}: its picture was inside its event, whose position is no longer known")
        return await self._inline_pictures.read(pin.pin_id, pin.version, position)


def reason_of(error: FetchError | Problem) -> str:
    """Why there is no picture, as one word for a header."""
    if isinstance(error, Problem):
        return error.kind
    return "unavailable" if isinstance(error, FetchFailed) else "gone"
