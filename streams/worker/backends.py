"""The worker's connections to everything but Kafka."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fetch.fetcher import Fetcher
from inference import model_repository
from inference.client import TritonModels
from inference.detect import Detector
from inference.embed import Embedder
from inference.model_check import ModelCheck
from pinstream.store.codes import Code
from pinstream.store.collection import Where
from pinstream.store.milvus import MilvusStore
from pinstream.store.vector_store import Match
from streams.errors import StartRefused
from streams.worker.checks.readiness_check import ReadinessCheck
from streams.worker.metrics import WorkerMetrics
from streams.worker.process.call_timer import time_call
from streams.worker.process.row_reader import BatchedRowReader
from streams.worker.process.row_writer import BatchedRowWriter
from streams.worker.settings import WorkerSettings

if TYPE_CHECKING:
    from streams.worker.tracing import Tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """Open connections to everything but Kafka."""

    models: TritonModels
    detector: Detector
    embedder: Embedder
    fetcher: Fetcher
    store: MilvusStore
    writer: BatchedRowWriter
    reader: BatchedRowReader
    searches: ThreadPoolExecutor
    decoders: ThreadPoolExecutor
    metrics: WorkerMetrics
    tracer: "Tracer | None" = None
    """None where no traces are collected."""

    async def search(self, code: Code, where: Where) -> list[Match]:
        """The nearest row, as any reader would find it."""
        loop = asyncio.get_running_loop()

        def nearest() -> list[Match]:
            with time_call(self._observe_search):
                return self.store.nearest([code], where=where, at_least=1)[0].matches

        return await loop.run_in_executor(self.searches, nearest)

    def _observe_search(self, seconds: float) -> None:
        self.metrics.observe("milvus", seconds, "search")

    @property
    def readiness_check(self) -> ReadinessCheck:
        return ReadinessCheck(detector=self.detector, embedder=self.embedder, rows=self.reader, search=self.search)

    @property
    def model_check(self) -> ModelCheck:
        return ModelCheck(self.detector, self.embedder, promised=model_repository.promised_code())


@asynccontextmanager
async def open_backends(settings: WorkerSettings, metrics: WorkerMetrics) -> AsyncIterator[Backends]:
    """Connections, closed in order at the end of the block."""
    milvus, triton = settings.milvus, settings.triton
    async with AsyncExitStack() as stack:
        tracer = None if settings.tracing.endpoint is None else _open_tracer(settings)
        if tracer is not None:
            stack.push_async_callback(asyncio.to_thread, tracer.close)
        metadata = None if tracer is None else tracer.outgoing
        models = TritonModels(
            triton.address, timeout_s=triton.timeout_s, metadata=metadata, tls=triton.tls, headers=triton.metadata
        )
        await stack.enter_async_context(models)
        store = MilvusStore(milvus.uri, token=milvus.secret, timeout_s=milvus.timeout_s, tls=milvus.tls)
        stack.callback(store.close)
        writer = BatchedRowWriter(store, on_call=lambda seconds: metrics.observe("milvus", seconds, "upsert"))
        reader = BatchedRowReader(store, on_call=lambda seconds: metrics.observe("milvus", seconds, "read"))
        stack.push_async_callback(writer.close)
        stack.push_async_callback(reader.close)
        yield Backends(
            models=models,
            detector=Detector(
                models, model_repository.labels(), min_score=triton.min_score, max_objects=triton.max_objects
            ),
            embedder=Embedder(models),
            fetcher=await stack.enter_async_context(Fetcher(settings.fetch.policy)),
            store=store,
            writer=writer,
            reader=reader,
            metrics=metrics,
            tracer=tracer,
            searches=stack.enter_context(ThreadPoolExecutor(4, thread_name_prefix="search")),
            decoders=stack.enter_context(
                ThreadPoolExecutor(settings.limits.decode_threads, thread_name_prefix="decode")
            ),
        )


def worker_name(settings: WorkerSettings) -> str:
    """How outcomes and traces name this process."""
    return settings.name or f"{socket.gethostname()}-{os.getpid()}"


def _open_tracer(settings: WorkerSettings) -> "Tracer":
    try:
        from streams.worker.tracing import open_tracer  # noqa: PLC0415 (OpenTelemetry is an optional dependency)
    except ImportError as exc:
        raise StartRefused(
            f"PINSTREAM_TRACING__ENDPOINT={settings.tracing.endpoint}: {exc.name} is not installed; "
            "it is in the dependency group `tracing`"
        ) from exc
    return open_tracer(settings.tracing, worker=worker_name(settings))
