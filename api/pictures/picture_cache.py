"""The encoded picture of a pin, fetched again under the fetch policy, once at a time, and remembered for a while."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from typing import Final, Protocol

from cachetools import LRUCache

from api.feed.journal import Journal, RecordPosition
from api.guards.concurrency import ConcurrencyLimit
from api.guards.problems import Problem
from api.metrics import ApiMetrics
from fetch.errors import FetchError, FetchFailed, FetchRefused
from pinstream.events import ImageRef
from pinstream.search.hits import IndexedPin

_REFUSED_FOR_S: Final = 60.0
_FAILED_FOR_S: Final = 5.0
_FAILURES: Final = 10_000

Key = tuple[str, int]
"""A pin and its version: one content."""


class UrlFetcher(Protocol):
    """Whoever gets pictures from their addresses, such as `fetch.fetcher.Fetcher`."""

    async def fetch(self, image: ImageRef) -> bytes:
        """The encoded picture; raises FetchRefused or FetchFailed."""
        ...


class InlineSource(Protocol):
    """Whoever gets pictures that travelled inside their events."""

    async def read(self, pin_id: str, version: int, place: RecordPosition) -> bytes:
        """The encoded picture in the event at ``place``; raises FetchRefused (no such version there), FetchFailed."""
        ...


@dataclass(frozen=True, slots=True)
class PinPicture:
    """An encoded picture, and the SHA-256 of its bytes in hexadecimal."""

    encoded: bytes
    sha256: str


class PictureCache:
    """Pictures by pin; use it from one event loop."""

    def __init__(
        self,
        fetch: UrlFetcher,
        inline: InlineSource,
        journal: Journal,
        gate: ConcurrencyLimit,
        *,
        capacity_bytes: int,
        metrics: ApiMetrics,
    ) -> None:
        self._fetch = fetch
        self._inline = inline
        self._journal = journal
        self._gate = gate
        self._metrics = metrics
        self._kept: LRUCache[Key, PinPicture] = LRUCache(capacity_bytes, getsizeof=lambda kept: len(kept.encoded))
        self._failed: LRUCache[Key, tuple[float, FetchError]] = LRUCache(_FAILURES)
        self._coming: dict[Key, asyncio.Task[PinPicture]] = {}
        self.clock: Callable[[], float] = time.monotonic

    async def of(self, pin: IndexedPin) -> PinPicture:
        """The picture as its address gives it now; raises FetchRefused, FetchFailed, or a Problem (429).

        A failure is remembered for some seconds, a refusal for a minute: a broken address is not asked by every reader.
        """
        key = (pin.pin_id, pin.version)
        kept = self._kept.get(key)
        self._metrics.add("cache_hits" if kept else "cache_misses", "pictures")
        if kept is not None:
            return kept
        self._raise_again(key)
        coming = self._coming.get(key)
        if coming is None:
            coming = asyncio.create_task(self._got(key, pin))
            self._coming[key] = coming
            coming.add_done_callback(lambda _done: self._coming.pop(key, None))
        return await asyncio.shield(coming)

    def _raise_again(self, key: Key) -> None:
        failed = self._failed.get(key)
        if failed is not None:
            until_s, error = failed
            if self.clock() < until_s:
                raise copy(error)
            del self._failed[key]

    async def _got(self, key: Key, pin: IndexedPin) -> PinPicture:
        try:
            async with self._gate.place():
                encoded = await self._ask(pin)
        except FetchError as exc:
            for_s = _FAILED_FOR_S if isinstance(exc, FetchFailed) else _REFUSED_FOR_S
            # A copy has no traceback, whose frames would keep what was read of the picture.
            self._failed[key] = (self.clock() + for_s, copy(exc))
            raise
        picture = PinPicture(encoded, hashlib.sha256(encoded).hexdigest())
        with suppress(ValueError):  # larger than the whole cache: fetched again when it is asked for again
            self._kept[key] = picture
        return picture

    async def _ask(self, pin: IndexedPin) -> bytes:
        if pin.image_url:
            return await self._fetch.fetch(ImageRef(url=pin.image_url))
        place = self._journal.known(pin.pin_id).place_of(pin.version)
        if place is None:
            raise FetchRefused(f"pin {pin.pin_id}: its picture travelled in its event, too long ago to find that again")
        return await self._inline.read(pin.pin_id, pin.version, place)


def reason_of(error: FetchError | Problem) -> str:
    """Why there is no picture, in a word, as a header may carry it."""
    if isinstance(error, Problem):
        return error.kind
    return "unavailable" if isinstance(error, FetchFailed) else "gone"
