"""Open connections to everything but Kafka."""

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
from streams.worker.metrics import WorkerMetrics
from streams.worker.process.batched_rows import RowReader, RowWriter, timed
from streams.worker.readiness_check import ReadinessCheck
from streams.worker.settings import WorkerSettings

if TYPE_CHECKING:
    from streams.worker.tracing import Tracer


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """Open connections to everything but Kafka."""

    models: TritonModels
    detect: Detector
    embed: Embedder
    fetch: Fetcher
    store: MilvusStore
    writer: RowWriter
    reader: RowReader
    searches: ThreadPoolExecutor
    decoders: ThreadPoolExecutor
    metrics: WorkerMetrics
    traces: "Tracer | None" = None
    """Where spans go; None where nobody collects them."""

    async def search(self, code: Code, where: Where) -> list[Match]:
        """The nearest row, as any reader would find it."""
        loop = asyncio.get_running_loop()

        def nearest() -> list[Match]:
            with timed(self._searched):
                return self.store.nearest([code], where=where, limit=1)[0]

        return await loop.run_in_executor(self.searches, nearest)

    def _searched(self, seconds: float) -> None:
        self.metrics.observe("milvus", seconds, "search")

    @property
    def readiness_check(self) -> ReadinessCheck:
        """One picture that goes the way of every pin."""
        return ReadinessCheck(detect=self.detect, embed=self.embed, rows=self.reader, search=self.search)

    @property
    def model_check(self) -> ModelCheck:
        """One picture whose code is known, sent through both models."""
        return ModelCheck(self.detect, self.embed, promised=model_repository.promised_code())


@asynccontextmanager
async def backends(settings: WorkerSettings, metrics: WorkerMetrics) -> AsyncIterator[Backends]:
    """Connections, closed in order at the end."""
    milvus, triton = settings.milvus, settings.triton
    async with AsyncExitStack() as stack:
        traces = None if settings.tracing.endpoint is None else _traces(settings)
        if traces is not None:
            stack.push_async_callback(asyncio.to_thread, traces.close)
        metadata = None if traces is None else traces.outgoing
        models = TritonModels(
            triton.address, timeout_s=triton.timeout_s, metadata=metadata, tls=triton.tls, headers=triton.metadata
        )
        await stack.enter_async_context(models)
        store = MilvusStore(milvus.uri, token=milvus.secret, timeout_s=milvus.timeout_s, tls=milvus.tls)
        stack.callback(store.close)
        writer = RowWriter(store, on_call=lambda seconds: metrics.observe("milvus", seconds, "upsert"))
        reader = RowReader(store, on_call=lambda seconds: metrics.observe("milvus", seconds, "read"))
        stack.push_async_callback(writer.close)
        stack.push_async_callback(reader.close)
        yield Backends(
            models=models,
            detect=Detector(
                models, model_repository.labels(), min_score=triton.min_score, max_objects=triton.max_objects
            ),
            embed=Embedder(models),
            fetch=await stack.enter_async_context(Fetcher(settings.fetch.policy)),
            store=store,
            writer=writer,
            reader=reader,
            metrics=metrics,
            traces=traces,
            searches=stack.enter_context(ThreadPoolExecutor(4, thread_name_prefix="search")),
            decoders=stack.enter_context(
                ThreadPoolExecutor(settings.limits.decode_threads, thread_name_prefix="decode")
            ),
        )


def worker_name(settings: WorkerSettings) -> str:
    """How outcomes and traces name this process."""
    return settings.name or f"{socket.gethostname()}-{os.getpid()}"


def _traces(settings: WorkerSettings) -> "Tracer":
    try:
        from streams.worker.tracing import traces  # noqa: PLC0415 (OpenTelemetry, for those who collect traces)
    except ImportError as exc:
        raise StartRefused(
            f"PINSTREAM_TRACING__ENDPOINT={settings.tracing.endpoint}: {exc.name} is not installed; "
            "it is in the dependency group `tracing`"
        ) from exc
    return traces(settings.tracing, worker=worker_name(settings))
