"""Connects to Milvus, Triton, Kafka and the hosts of pictures; connections are closed in reverse order at the end."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Final

from api.assembly import BackendClients, build_dependencies
from api.dependencies import Dependencies
from api.feed.topic_tail import TopicTail
from api.metrics import ApiMetrics
from api.pictures.inline_reader import InlineReader
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
async def connect_backends(settings: ApiSettings, metrics: ApiMetrics) -> AsyncIterator[Dependencies]:
    """The dependencies on real servers. A server that is down fails only the requests that need it."""
    milvus, triton = settings.milvus, settings.triton
    async with AsyncExitStack() as stack:
        inline_threads = stack.enter_context(ThreadPoolExecutor(_INLINE_THREADS, thread_name_prefix="inline"))
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
        model_check = ModelCheck(detector, embedder, promised=model_repository.promised_code())
        clients = BackendClients(
            store=store,
            fetcher=fetcher,
            inline_pictures=InlineReader(settings.kafka, inline_threads),
            detector=detector,
            embedder=embedder,
            check_models=partial(_check_models, model_check, runner),
        )
        deps = await stack.enter_async_context(build_dependencies(settings, metrics, clients))
        loop = asyncio.get_running_loop()
        tail = TopicTail(
            settings.kafka,
            look_back=settings.cache.pins,
            on_records=lambda records: loop.call_soon_threadsafe(deps.recent_pins.add_records, records),
            on_connection=lambda is_connected: loop.call_soon_threadsafe(deps.feed.set_connected, is_connected),
        )
        tail.start()
        stack.push_async_callback(asyncio.to_thread, tail.stop)
        yield deps


async def _check_models(model_check: ModelCheck, runner: TritonModels) -> None:
    """Run an inference on both models. If one fails, find out whether Triton serves other models: OtherModels."""
    try:
        await model_check.run()
    except EmbeddingMismatch:
        raise
    except InferenceError:
        await runner.check()
        raise
