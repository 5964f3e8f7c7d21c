"""The worker as a process: its parts put together, started in order, and ended in order."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from pinstream.clock import now_ms
from pinstream.kafka.client_errors import ClientErrorLog
from streams.errors import StartRefused
from streams.worker import health
from streams.worker.backends import Backends, backends, worker_name
from streams.worker.concurrently import concurrently
from streams.worker.consume.consumers import LaneConsumers, LaneSettings
from streams.worker.consume.credits import Credits
from streams.worker.finish.breaker import Breaker, BreakerLimits
from streams.worker.finish.dead_letters import DeadLetterWriter
from streams.worker.finish.finisher import Finisher
from streams.worker.finish.outcomes import Outcomes
from streams.worker.finish.producer import WorkerProducer
from streams.worker.finish.visibility_probe import ProbeLimits, VisibilityProbe
from streams.worker.metrics import WorkerMetrics
from streams.worker.model_check import ModelWatchdog
from streams.worker.process.code_cache import CodeCache
from streams.worker.process.inference import InferenceModels, PictureInference
from streams.worker.process.pipeline import PinLimits, PinPipeline, PipelineParts
from streams.worker.process.pixel_budget import PixelBudget
from streams.worker.process.retry import Backoff, Outages, RetryPolicy
from streams.worker.process.version_fence import VersionFence
from streams.worker.schedule.engine import Engine
from streams.worker.schedule.scheduler import InFlightLimits
from streams.worker.settings import WorkerSettings
from streams.worker.startup import check

log = logging.getLogger(__name__)

_IDLE_CHECK_S: Final = 0.05


async def run(settings: WorkerSettings, *, stop: asyncio.Event, exit_when_idle_s: float | None = None) -> None:
    """Work until ``stop`` is set, or, if asked for, until there was nothing to do for so long.

    Drains, commits and leaves the group before it returns. Raises what the worker must stop for.
    """
    async with backends(settings, WorkerMetrics()) as to:
        async with concurrently(check(settings, to)) as checking, concurrently(stop.wait()) as stopping:
            await asyncio.wait([checking, stopping], return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                return
            await checking
        async with AsyncExitStack() as stack:
            worker = await _assembled(settings, to, stack)
            stack.push_async_callback(_held_up, worker.engine, stop, settings.http.hold_s)
            stack.push_async_callback(worker.lanes.close)
            await _until_stopped(worker, to, settings, _Until(stop, exit_when_idle_s))
        if worker.engine.failure is not None:
            raise worker.engine.failure


@dataclass(frozen=True, slots=True, kw_only=True)
class _Assembled:
    engine: Engine
    lanes: LaneConsumers


async def _assembled(settings: WorkerSettings, to: Backends, stack: AsyncExitStack) -> _Assembled:
    """Everything wired; what is closed first is entered last."""
    metrics, outages, limits = to.metrics, Outages(), settings.limits
    on_error = ClientErrorLog(_from_any_thread(lambda: outages.failed("kafka", "no broker answers")))
    outbox = WorkerProducer(
        settings.kafka.producer_config,
        on_error=on_error,
        fail=lambda error: engine.fail(error),  # noqa: PLW0108 (made below)
        on_delivered=lambda: outages.answered("kafka"),
    )
    stack.push_async_callback(_closed, outbox, settings.drain_s)
    settlement = _settlement(settings, to, outbox, metrics)
    stack.push_async_callback(settlement.probe.close, settings.probe.give_up_s)
    credits = Credits(max_records=limits.held_records, max_bytes=limits.held_bytes, reserved=limits.reserved_records)
    carry = _path(settings, to, metrics, outages).carry
    engine = Engine(
        carry=carry if to.traces is None else to.traces.carrying(carry),
        settle=settlement,
        credits=credits,
        places=InFlightLimits(total=limits.in_flight, backfill=limits.backfill_in_flight),
        outages=outages,
        metrics=metrics,
        drain_s=settings.drain_s,
    )
    lanes = LaneConsumers(
        _lane_settings(settings),
        engine,
        credits=credits,
        waiting_partitions=lambda: outages.waiting_partitions,
        on_error=on_error,
    )
    await _serve(_checks(settings, to, settlement, _Assembled(engine=engine, lanes=lanes)), settings, stack)
    return _Assembled(engine=engine, lanes=lanes)


def _settlement(settings: WorkerSettings, to: Backends, outbox: WorkerProducer, metrics: WorkerMetrics) -> Finisher:
    outcomes = Outcomes(outbox=outbox, topic=settings.kafka.indexed_topic, worker=worker_name(settings))
    return Finisher(
        outcomes=outcomes,
        dead_letters=DeadLetterWriter(outbox, settings.kafka.dead_topic),
        breaker=Breaker(BreakerLimits(**settings.breaker.model_dump())),
        probe=VisibilityProbe(to.search, outcomes, metrics, limits=ProbeLimits(**settings.probe.model_dump())),
        metrics=metrics,
    )


def _checks(settings: WorkerSettings, to: Backends, settlement: Finisher, worker: _Assembled) -> health.Checks:
    metrics, breaker = settlement.metrics, settlement.breaker

    def collect() -> None:
        worker.engine.collect(worker.lanes, now_ms=now_ms())
        metrics.set("breaker_ratio", breaker.ratio)
        metrics.set("breaker_in_a_row", breaker.in_a_row)
        metrics.set("breaker_open", breaker.tripped)

    return health.Checks(
        pulse=worker.engine.pulse,
        canary=to.readiness_check.run,
        collect=collect,
        registry=metrics.registry,
        stuck_s=settings.http.stuck_s,
    )


def _from_any_thread(callback: Callable[[], None]) -> Callable[[], None]:
    loop = asyncio.get_running_loop()

    def call() -> None:
        loop.call_soon_threadsafe(callback)

    return call


def _path(settings: WorkerSettings, to: Backends, metrics: WorkerMetrics, outages: Outages) -> PinPipeline:
    retry, limits, fetch = settings.retry, settings.limits, settings.fetch
    patience = RetryPolicy(
        Backoff(first_s=retry.first_s, max_s=retry.max_s, deadline_s=retry.deadline_s),
        outages,
        on_retry=lambda service: metrics.add("retries", service),
    )
    models = InferenceModels(
        detect=to.detect,
        embed=to.embed,
        patience=patience,
        threads=to.decoders,
        budget=PixelBudget(limits.decoded_pixels),
    )
    return PinPipeline(
        PipelineParts(
            fence=VersionFence(to.reader, capacity=limits.fence_capacity, staleness_s=settings.milvus.staleness_s),
            fetch=to.fetch,
            understanding=PictureInference(models, max_pixels=fetch.max_pixels, idle_below=limits.idle_below),
            repins=CodeCache(capacity=limits.repin_capacity),
            rows=to.writer,
            patience=patience,
        ),
        PinLimits(fetch_backoff=Backoff(first_s=0.2, max_s=5.0, deadline_s=fetch.deadline_s), replays=settings.replays),
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


@dataclass(frozen=True, slots=True)
class _Until:
    """What ends a worker that nothing is wrong with."""

    stop: asyncio.Event
    idle_s: float | None


async def _until_stopped(worker: _Assembled, to: Backends, settings: WorkerSettings, until: _Until) -> None:
    engine = worker.engine
    worker.lanes.start()
    log.info("worker started", extra={"worker": worker_name(settings)})
    waits: list[asyncio.Task[object]] = [
        asyncio.create_task(until.stop.wait()),
        asyncio.create_task(engine.stopped.wait()),
        asyncio.create_task(_commit_every(worker, settings.kafka.commit_interval_s)),
        asyncio.create_task(ModelWatchdog(to.model_check, to.metrics).keep(settings.model_check_every_s)),
    ]
    if until.idle_s is not None:
        waits.append(asyncio.create_task(_idle_for(engine, until.idle_s)))
    ended, going_on = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in going_on:
        task.cancel()
    for task in ended:
        if (error := task.exception()) is not None:
            engine.fail(error)
    engine.stop()
    log.info("worker stops: draining")


async def _held_up(engine: Engine, stop: asyncio.Event, hold_s: float) -> None:
    """Out of the group and idle, but there: what made it stop can be read from its metrics before it ends."""
    if engine.failure is not None and hold_s > 0:
        log.error("stopped; stays for %g s so that its metrics are read", hold_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), hold_s)


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


async def _closed(outbox: WorkerProducer, deadline_s: float) -> None:
    missing = await outbox.close(deadline_s)
    if missing:
        log.error("outcomes not acknowledged; their pins come again", extra={"missing": missing})
