"""The worker as a process: its parts put together, started in order, and ended in order."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from confluent_kafka import KafkaException

from index import bootstrap
from index.writer import RowReader, RowWriter
from inference import repository
from inference.client import TritonModels
from inference.detect import Detector
from inference.embed import Embedder
from inference.errors import ModelUnavailable
from pinstream.codes import Code
from pinstream.collection import Where
from pinstream.errors import IndexUnavailable
from pinstream.milvus import MilvusStore
from pinstream.store import Match
from schemas.topics import topics
from streams import health
from streams.breaker import Breaker, BreakerLimits
from streams.canary import Canary
from streams.credits import Credits
from streams.dead_letters import DeadLetters
from streams.dispatch import Places
from streams.engine import Engine
from streams.errors import StartRefused
from streams.fence import Fence
from streams.fetch import Fetcher
from streams.kafka_errors import KafkaErrors
from streams.lanes import Lanes, LaneSettings
from streams.metrics import Metrics
from streams.outbox import Outbox
from streams.outcomes import Outcomes
from streams.probe import Probe, ProbeLimits
from streams.repins import Repins
from streams.retry import Backoff, Outages, Patience
from streams.settings import WorkerSettings
from streams.settlement import Settlement
from streams.topic_setup import TopicSetup
from streams.understanding import Models, Understanding
from streams.worker import Limits, Parts, PinPath

log = logging.getLogger(__name__)

WARM_UPS: Final = 3
_IDLE_CHECK_S: Final = 0.05


def now_ms() -> int:
    """The clock that record timestamps are compared with."""
    return time.time_ns() // 1_000_000


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

    async def search(self, code: Code, where: Where) -> list[Match]:
        """The nearest row, as any reader would find it."""
        loop = asyncio.get_running_loop()

        def nearest() -> list[Match]:
            return self.store.nearest([code], where=where, limit=1)[0]

        return await loop.run_in_executor(self.searches, nearest)

    @property
    def canary(self) -> Canary:
        """One picture that goes the way of every pin."""
        return Canary(detect=self.detect, embed=self.embed, rows=self.reader, search=self.search)


@asynccontextmanager
async def backends(settings: WorkerSettings) -> AsyncIterator[Backends]:
    """Connections, closed in order at the end."""
    milvus, triton = settings.milvus, settings.triton
    async with AsyncExitStack() as stack:
        models = await stack.enter_async_context(TritonModels(triton.address, timeout_s=triton.timeout_s))
        token = None if milvus.token is None else milvus.token.get_secret_value()
        store = MilvusStore(milvus.uri, token=token, timeout_s=milvus.timeout_s)
        stack.callback(store.close)
        writer, reader = RowWriter(store), RowReader(store)
        stack.push_async_callback(writer.close)
        stack.push_async_callback(reader.close)
        yield Backends(
            models=models,
            detect=Detector(models, repository.labels(), min_score=triton.min_score, max_objects=triton.max_objects),
            embed=Embedder(models),
            fetch=await stack.enter_async_context(Fetcher(settings.fetch.policy)),
            store=store,
            writer=writer,
            reader=reader,
            searches=stack.enter_context(ThreadPoolExecutor(4, thread_name_prefix="search")),
            decoders=stack.enter_context(
                ThreadPoolExecutor(settings.limits.decode_threads, thread_name_prefix="decode")
            ),
        )


async def check(settings: WorkerSettings, to: Backends) -> None:
    """Returns once everything this worker needs is there and fits, and has been used a few times.

    Raises StartRefused, ModelMismatch or IndexMismatch with what to do. A service that is away is waited for.
    """
    await asyncio.to_thread(_check_topics, settings)
    await _once_there("Milvus", lambda: asyncio.to_thread(bootstrap.require, to.store))
    await _once_there("Triton", to.models.check)
    for _ in range(WARM_UPS):
        await _once_there("the canary", to.canary.sing)


async def run(settings: WorkerSettings, *, stop: asyncio.Event, exit_when_idle_s: float | None = None) -> None:
    """Work until ``stop`` is set, or, if asked for, until there was nothing to do for so long.

    Drains, commits and leaves the group before it returns. Raises what the worker must stop for.
    """
    async with backends(settings) as to:
        await check(settings, to)
        async with AsyncExitStack() as stack:
            worker = await _assembled(settings, to, stack)
            await _until_stopped(worker, settings, stop, exit_when_idle_s)
        if worker.engine.failure is not None:
            raise worker.engine.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Assembled:
    engine: Engine
    lanes: Lanes


async def _assembled(settings: WorkerSettings, to: Backends, stack: AsyncExitStack) -> _Assembled:
    """Everything wired; what is closed first is entered last."""
    metrics, outages, limits = Metrics(), Outages(), settings.limits
    loop = asyncio.get_running_loop()

    def kafka_away() -> None:
        loop.call_soon_threadsafe(outages.failed, "kafka", "no broker answers")

    on_error = KafkaErrors(kafka_away)
    outbox = Outbox(
        {**settings.kafka.producer_config, "error_cb": on_error},
        fail=lambda error: engine.fail(error),  # noqa: PLW0108 (made below)
        on_delivered=lambda: outages.answered("kafka"),
    )
    stack.push_async_callback(_closed, outbox, settings.drain_s)
    outcomes = Outcomes(outbox=outbox, topic=settings.kafka.indexed_topic, worker=worker_name(settings))
    probe = Probe(to.search, outcomes, metrics, limits=ProbeLimits(**settings.probe.model_dump()))
    stack.push_async_callback(probe.close, settings.probe.give_up_s)
    breaker = Breaker(BreakerLimits(**settings.breaker.model_dump()))
    credits = Credits(max_records=limits.held_records, max_bytes=limits.held_bytes, reserved=limits.reserved_records)
    engine = Engine(
        carry=_path(settings, to, metrics, outages).carry,
        settle=Settlement(
            outcomes=outcomes,
            dead_letters=DeadLetters(outbox, settings.kafka.dead_topic),
            breaker=breaker,
            probe=probe,
            metrics=metrics,
        ),
        credits=credits,
        places=Places(total=limits.places, backfill=limits.backfill_places),
        outages=outages,
        metrics=metrics,
        drain_s=settings.drain_s,
    )
    lanes = Lanes(
        _lane_settings(settings),
        engine,
        credits=credits,
        waiting_partitions=lambda: outages.waiting_partitions,
        on_error=on_error,
    )

    def collect() -> None:
        engine.collect(lanes, now_ms=now_ms())
        metrics.set("breaker_ratio", breaker.ratio)
        metrics.set("breaker_in_a_row", breaker.in_a_row)

    async def canary() -> None:
        await to.canary.sing()

    checks = health.Checks(
        pulse=engine.pulse,
        canary=canary,
        collect=collect,
        registry=metrics.registry,
        stuck_s=settings.http.stuck_s,
    )
    await _serve(checks, settings, stack)
    stack.push_async_callback(lanes.close)
    return _Assembled(engine=engine, lanes=lanes)


def _path(settings: WorkerSettings, to: Backends, metrics: Metrics, outages: Outages) -> PinPath:
    retry, limits, fetch = settings.retry, settings.limits, settings.fetch
    patience = Patience(
        Backoff(first_s=retry.first_s, max_s=retry.max_s, deadline_s=retry.deadline_s),
        outages,
        on_retry=lambda service: metrics.add("retries", service),
    )
    models = Models(detect=to.detect, embed=to.embed, patience=patience, threads=to.decoders)
    return PinPath(
        Parts(
            fence=Fence(to.reader, capacity=limits.fence_capacity, staleness_s=settings.milvus.staleness_s),
            fetch=to.fetch,
            understanding=Understanding(models, max_pixels=fetch.max_pixels, idle_below=limits.idle_below),
            repins=Repins(capacity=limits.repin_capacity),
            rows=to.writer,
            patience=patience,
        ),
        Limits(fetch_backoff=Backoff(first_s=0.2, max_s=5.0, deadline_s=fetch.deadline_s), replays=settings.replays),
        now_ms=now_ms,
        count=lambda event: metrics.add("events", event),
    )


def _lane_settings(settings: WorkerSettings) -> LaneSettings:
    kafka = settings.kafka
    return LaneSettings(
        config=kafka.consumer_config,
        group=kafka.group,
        live_topic=kafka.live_topic,
        backfill_topic=kafka.backfill_topic,
        drain_s=settings.drain_s,
    )


async def _until_stopped(
    worker: _Assembled, settings: WorkerSettings, stop: asyncio.Event, exit_when_idle_s: float | None
) -> None:
    engine = worker.engine
    worker.lanes.start()
    log.info("worker started", extra={"worker": worker_name(settings)})
    waits: list[asyncio.Task[object]] = [asyncio.create_task(stop.wait()), asyncio.create_task(engine.stopped.wait())]
    if exit_when_idle_s is not None:
        waits.append(asyncio.create_task(_idle_for(engine, exit_when_idle_s)))
    committing = asyncio.create_task(_commit_every(worker, settings.kafka.commit_interval_s))
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in (*waits, committing):
        task.cancel()
    engine.stop()
    log.info("worker stops: draining")


async def _commit_every(worker: _Assembled, interval_s: float) -> None:
    while True:
        await asyncio.sleep(interval_s)
        worker.engine.commit(worker.lanes)


async def _idle_for(engine: Engine, idle_s: float) -> None:
    since_s = time.monotonic()
    while time.monotonic() - since_s < idle_s:
        await asyncio.sleep(_IDLE_CHECK_S)
        if not engine.idle:
            since_s = time.monotonic()


async def _serve(checks: health.Checks, settings: WorkerSettings, stack: AsyncExitStack) -> None:
    runner = web.AppRunner(health.application(checks), access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, settings.http.host, settings.http.port)
    try:
        await site.start()
    except OSError as exc:
        raise StartRefused(
            f"PINSTREAM_HTTP__PORT={settings.http.port}: {exc.strerror}; choose another one, or 0 for any"
        ) from exc
    log.info("health and metrics", extra={"http": runner.addresses[0]})


async def _closed(outbox: Outbox, deadline_s: float) -> None:
    missing = await outbox.close(deadline_s)
    if missing:
        log.error("outcomes not acknowledged; their pins come again", extra={"missing": missing})


async def _once_there(what: str, ask: Callable[[], Awaitable[object]]) -> None:
    """Ask until there is an answer: the parts of a stack start in any order."""
    waits_s = Backoff(first_s=0.2, max_s=2.0).waits_s()
    while True:
        try:
            await ask()
        except (ModelUnavailable, IndexUnavailable) as exc:
            log.warning("waiting for %s: %s", what, exc)
            await asyncio.sleep(next(waits_s))
        else:
            return


def _check_topics(settings: WorkerSettings) -> None:
    setup = TopicSetup(settings.kafka.client_config)
    while True:
        try:
            partitions = setup.require(topics(prefix=settings.kafka.topic_prefix))
            if settings.kafka.protocol == "consumer":
                log.info("KIP-848: %s", setup.group_timeouts(settings.kafka.group))
        except KafkaException as exc:  # each attempt waits for an answer, so this does not spin
            where = f"{settings.kafka.servers} (PINSTREAM_KAFKA__SERVERS)"
            log.warning("waiting for Kafka at %s: %s", where, exc.args[0].str())
        else:
            log.info("topics found", extra={"partitions": partitions})
            return


def worker_name(settings: WorkerSettings) -> str:
    """How outcomes name this process."""
    return settings.name or f"{socket.gethostname()}-{os.getpid()}"
