"""Builds the dependencies of the endpoints from clients of the servers, or from fakes in tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from api.dependencies import Dependencies
from api.feed.fresh_feed import FreshFeed
from api.feed.recent_pins import RecentPins
from api.metrics import ApiMetrics
from api.middleware.concurrency_limit import ConcurrencyLimit
from api.middleware.per_caller_limit import PerCallerLimit
from api.pictures.box_code_cache import BoxCodeCache
from api.pictures.picture_cache import InlineSource, PictureCache, UrlFetcher
from api.pictures.query_models import QueryDetector, QueryEmbedder, QueryModels
from api.pictures.thumbnail_cache import ThumbnailCache
from api.readiness import Readiness
from api.search_threads import SearchThreads
from api.settings import ApiSettings
from pinstream.search.index import VisualIndex
from pinstream.store.vector_store import VectorStore

_DECODE_THREADS: Final = 2
_THUMBNAIL_THREADS: Final = 2
_WAITING_PER_FETCH: Final = 16
"""Fetches and thumbnails that may wait, for each that runs: a page asks for all its pictures at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendClients:
    """Clients of the servers behind the service."""

    store: VectorStore
    fetcher: UrlFetcher
    inline_pictures: InlineSource
    detector: QueryDetector
    embedder: QueryEmbedder
    check_models: Callable[[], Awaitable[object]]
    """Runs a real inference; raises what the models raise."""


@asynccontextmanager
async def build_dependencies(
    settings: ApiSettings, metrics: ApiMetrics, clients: BackendClients
) -> AsyncIterator[Dependencies]:
    """Threads and tasks end with the block."""
    quota, cache = settings.quota, settings.cache

    def limit(name: str, running: int, waiting: int) -> ConcurrencyLimit:
        return ConcurrencyLimit(name, running=running, waiting=waiting, metrics=metrics)

    def caller_limit(name: str, total: int, per_caller: int, retry_after_s: float) -> PerCallerLimit:
        return PerCallerLimit(name, total=total, per_caller=per_caller, retry_after_s=retry_after_s, metrics=metrics)

    async with AsyncExitStack() as stack:
        # One thread more than searches, for the feed: fresh pins must not wait behind callers.
        search_threads = stack.enter_context(ThreadPoolExecutor(quota.searches + 1, thread_name_prefix="search"))
        decode_threads = stack.enter_context(ThreadPoolExecutor(_DECODE_THREADS, thread_name_prefix="decode"))
        thumbnail_threads = stack.enter_context(ThreadPoolExecutor(_THUMBNAIL_THREADS, thread_name_prefix="thumbnail"))
        # Strong: an outcome may arrive before a Bounded read shows its rows.
        feed_index = VisualIndex.over(clients.store, consistency="Strong")
        feed = FreshFeed(
            SearchThreads(feed_index, limit("feed", 1, 1), search_threads),
            metrics,
            heartbeat_s=settings.api.heartbeat_s,
        )
        feed_task = asyncio.create_task(feed.run())
        stack.push_async_callback(_cancel, feed_task)
        recent_pins = RecentPins(capacity=cache.pins, on_change=feed.add)
        models = QueryModels(
            detector=clients.detector,
            embedder=clients.embedder,
            limit=limit("models", quota.models, quota.models_waiting),
            decode_threads=decode_threads,
            max_pixels=quota.photo_pixels,
        )
        pictures = PictureCache(
            clients.fetcher,
            clients.inline_pictures,
            recent_pins,
            limit("fetch", quota.fetches, _WAITING_PER_FETCH * quota.fetches),
            capacity_bytes=cache.pictures_bytes,
            metrics=metrics,
        )
        searches = SearchThreads(
            VisualIndex.over(clients.store), limit("index", quota.searches, quota.searches_waiting), search_threads
        )
        yield Dependencies(
            searches=searches,
            models=models,
            pictures=pictures,
            box_codes=BoxCodeCache(pictures, models, capacity=cache.crops, metrics=metrics),
            thumbnails=ThumbnailCache(
                thumbnail_threads,
                limit("thumbnails", _THUMBNAIL_THREADS, _WAITING_PER_FETCH * quota.fetches),
                capacity_bytes=cache.thumbnails_bytes,
                max_pixels=settings.fetch.max_pixels,
                metrics=metrics,
            ),
            recent_pins=recent_pins,
            feed=feed,
            uploads=caller_limit("uploads", quota.uploads, quota.uploads_each, 1.0),
            streams=caller_limit("streams", quota.streams, quota.streams_each, 5.0),
            metrics=metrics,
            readiness=Readiness(searches, clients.check_models, feed),
            cache_scope="private" if settings.api.keys else "public",
        )


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])
