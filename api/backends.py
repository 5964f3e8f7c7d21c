"""Open connections to everything: Milvus, Triton, Kafka, the hosts of pictures; closed in order at the end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from api.assembly import Backing, assembled
from api.dependencies import Dependencies
from api.feed.topic_tail import Heard, PublishedRecord, TopicTail
from api.metrics import ApiMetrics
from api.pictures.inline import InlineReader
from api.settings import ApiSettings
from fetch.fetcher import Fetcher
from inference import model_repository
from inference.client import TritonModels
from inference.detect import Detector
from inference.embed import Embedder
from inference.errors import EmbeddingMismatch, InferenceError
from inference.model_check import ModelCheck
from pinstream.store.milvus import MilvusStore

_INLINE_THREADS: Final = 2


@asynccontextmanager
async def backends(settings: ApiSettings, metrics: ApiMetrics) -> AsyncIterator[Dependencies]:
    """The parts on real servers. Nothing is waited for: what is away is said so to whoever asks for it."""
    milvus, triton = settings.milvus, settings.triton
    async with AsyncExitStack() as stack:
        records = stack.enter_context(ThreadPoolExecutor(_INLINE_THREADS, thread_name_prefix="inline"))
        fetcher = await stack.enter_async_context(Fetcher(settings.fetch.policy))
        runner = await stack.enter_async_context(
            TritonModels(triton.address, timeout_s=triton.timeout_s, tls=triton.tls, headers=triton.metadata)
        )
        store = MilvusStore(milvus.uri, token=milvus.secret, timeout_s=milvus.timeout_s, tls=milvus.tls)
        stack.callback(store.close)
        detector = Detector(
            runner, model_repository.labels(), min_score=triton.min_score, max_objects=triton.max_objects
        )
        embedder = Embedder(runner)
        ports = Backing(
            store=store,
            fetch=fetcher,
            inline=InlineReader(settings.kafka, records),
            detector=detector,
            embedder=embedder,
            canary=partial(_sung, ModelCheck(detector, embedder, promised=model_repository.promised_code()), runner),
        )
        parts = await stack.enter_async_context(assembled(settings, metrics, ports))
        tail = TopicTail(settings.kafka, _Bridge(asyncio.get_running_loop(), parts), look_back=settings.cache.pins)
        tail.start()
        stack.push_async_callback(asyncio.to_thread, tail.stop)
        yield parts


async def _sung(canary: ModelCheck, runner: TritonModels) -> None:
    """An inference on both models; where they do not answer, perhaps others are there, which is OtherModels."""
    try:
        await canary.run()
    except EmbeddingMismatch:
        raise
    except InferenceError:
        await runner.check()
        raise


class _Bridge:
    """From the tail's thread into the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, parts: Dependencies) -> None:
        self._loop = loop
        self._parts = parts

    def heard(self, records: Sequence[Heard]) -> None:
        """See Listener."""
        self._loop.call_soon_threadsafe(self._take, records)

    def connected(self, is_connected: bool) -> None:
        """See Listener."""
        self._loop.call_soon_threadsafe(self._parts.feed.connected, is_connected)

    def _take(self, records: Sequence[Heard]) -> None:
        for record in records:
            if isinstance(record, PublishedRecord):
                self._parts.journal.published(record.pin_id, record.place)
            else:
                self._parts.journal.settled(record)
