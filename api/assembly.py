"""The parts put together over what they ask: real servers, or stand-ins in tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from api.dependencies import Dependencies
from api.feed.fresh_feed import FreshFeed
from api.feed.journal import Journal
from api.guards.admission import AdmissionLimit
from api.guards.concurrency import ConcurrencyLimit
from api.metrics import ApiMetrics
from api.pictures.crops import Crops
from api.pictures.models import BoxEmbedder, ObjectDetector, QueryModels
from api.pictures.picture_cache import InlineSource, PictureCache, UrlFetcher
from api.pictures.thumbnail_cache import ThumbnailCache
from api.readiness import Readiness
from api.search_threads import SearchThreads
from api.settings import ApiSettings
from pinstream.search.index import VisualIndex
from pinstream.store.vector_store import VectorStore

_DECODE_THREADS: Final = 2
_THUMBNAIL_THREADS: Final = 2
_WAITING_EACH: Final = 16
"""Fetches and thumbnails that may wait for each that is under way: a wall of pins comes all at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """Whom the parts ask."""

    store: VectorStore
    fetch: UrlFetcher
    inline: InlineSource
    detector: ObjectDetector
    embedder: BoxEmbedder
    canary: Callable[[], Awaitable[object]]
    """A real inference; raises what the models raise."""


@asynccontextmanager
async def assembled(settings: ApiSettings, metrics: ApiMetrics, ports: Backing) -> AsyncIterator[Dependencies]:
    """Everything wired; threads and tasks end with the block."""
    quota, cache = settings.quota, settings.cache

    def gate(name: str, places: int, waiting: int) -> ConcurrencyLimit:
        return ConcurrencyLimit(name, places=places, waiting=waiting, metrics=metrics)

    def places(name: str, most: int, each: int, retry_after_s: float) -> AdmissionLimit:
        return AdmissionLimit(name, places=most, each=each, retry_after_s=retry_after_s, metrics=metrics)

    async with AsyncExitStack() as stack:
        searching = stack.enter_context(ThreadPoolExecutor(quota.searches + 1, thread_name_prefix="search"))
        decoders = stack.enter_context(ThreadPoolExecutor(_DECODE_THREADS, thread_name_prefix="decode"))
        shrinkers = stack.enter_context(ThreadPoolExecutor(_THUMBNAIL_THREADS, thread_name_prefix="thumbnail"))
        sure = SearchThreads(VisualIndex.over(ports.store, consistency="Strong"), gate("feed", 1, 1), searching)
        feed = FreshFeed(sure, metrics, heartbeat_s=settings.api.heartbeat_s)
        telling = asyncio.create_task(feed.run())
        stack.push_async_callback(_cancelled, telling)
        journal = Journal(pins=cache.pins, hear=feed.hear)
        models = QueryModels(
            detector=ports.detector,
            embedder=ports.embedder,
            gate=gate("models", quota.models, quota.models_waiting),
            decoders=decoders,
            max_pixels=quota.photo_pixels,
        )
        pictures = PictureCache(
            ports.fetch,
            ports.inline,
            journal,
            gate("fetch", quota.fetches, _WAITING_EACH * quota.fetches),
            capacity_bytes=cache.pictures_bytes,
            metrics=metrics,
        )
        searches = SearchThreads(
            VisualIndex.over(ports.store), gate("index", quota.searches, quota.searches_waiting), searching
        )
        yield Dependencies(
            searches=searches,
            models=models,
            pictures=pictures,
            crops=Crops(pictures, models, capacity=cache.crops, metrics=metrics),
            shrinking=ThumbnailCache(
                shrinkers,
                gate("thumbnails", _THUMBNAIL_THREADS, _WAITING_EACH * quota.fetches),
                capacity_bytes=cache.thumbnails_bytes,
                max_pixels=settings.fetch.max_pixels,
                metrics=metrics,
            ),
            journal=journal,
            feed=feed,
            uploads=places("uploads", quota.uploads, quota.uploads_each, 1.0),
            streams=places("streams", quota.streams, quota.streams_each, 5.0),
            metrics=metrics,
            readiness=Readiness(searches, ports.canary, feed),
            cached_by="private" if settings.api.keys else "public",
        )


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
