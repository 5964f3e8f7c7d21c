"""The worker as a process: build, start, run, stop."""

import asyncio
import logging
import time
from contextlib import AsyncExitStack, suppress
from typing import Final

from aiohttp import web

from streams.errors import StartRefused
from streams.worker.assembly import Worker, build
from streams.worker.backends import Backends, open_backends, worker_name
from streams.worker.checks import health
from streams.worker.checks.model_watchdog import ModelWatchdog
from streams.worker.checks.startup import check
from streams.worker.concurrently import concurrently
from streams.worker.metrics import WorkerMetrics
from streams.worker.schedule.engine import Engine
from streams.worker.settings import WorkerSettings

log = logging.getLogger(__name__)

_IDLE_CHECK_S: Final = 0.05


async def run(settings: WorkerSettings, *, stop: asyncio.Event, exit_when_idle_s: float | None = None) -> None:
    """Index pins until ``stop`` is set or, if given, until there was nothing to do for ``exit_when_idle_s``.

    Drains, commits and leaves the group before it returns. Raises what the worker must stop for.
    """
    async with open_backends(settings, WorkerMetrics()) as backends:
        if not await _check_unless_stopped(settings, backends, stop):
            return

        async with AsyncExitStack() as at_end:  # stops in the reverse order
            worker = build(settings, backends, at_end)  # producer and probes are the last to stop
            await _start_http(worker.checks, settings, at_end)
            at_end.push_async_callback(_hold_after_failure, worker.engine, stop, settings.http.hold_s)
            at_end.push_async_callback(worker.consumers.close)  # drains, commits, leaves the group
            worker.consumers.start()
            log.info("worker started", extra={"worker": worker_name(settings)})

            await _run_until_stopped(worker, backends, settings, stop=stop, exit_when_idle_s=exit_when_idle_s)
            log.info("worker stops: draining")

        if worker.engine.failure is not None:
            raise worker.engine.failure


async def _check_unless_stopped(settings: WorkerSettings, backends: Backends, stop: asyncio.Event) -> bool:
    """Whether everything is there and fits; False where the worker was stopped before that."""
    async with concurrently(check(settings, backends)) as checking, concurrently(stop.wait()) as stopping:
        await asyncio.wait([checking, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            await checking
        return not stopping.done()


async def _run_until_stopped(
    worker: Worker, backends: Backends, settings: WorkerSettings, *, stop: asyncio.Event, exit_when_idle_s: float | None
) -> None:
    """Commit offsets and check the models until ``stop`` is set, the engine fails, or there is nothing left to do."""
    engine = worker.engine
    running: list[asyncio.Task[object]] = [
        asyncio.create_task(stop.wait()),
        asyncio.create_task(engine.stopped.wait()),
        asyncio.create_task(_commit_every(settings.kafka.commit_interval_s, worker)),
        asyncio.create_task(ModelWatchdog(backends.model_check, backends.metrics).run(settings.model_check_every_s)),
    ]
    if exit_when_idle_s is not None:
        running.append(asyncio.create_task(_wait_until_idle(engine, exit_when_idle_s)))
    ended, others = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    for task in ended:
        if (error := task.exception()) is not None:  # of the model check, or a bug in committing
            engine.fail(error)
    engine.stop()


async def _commit_every(interval_s: float, worker: Worker) -> None:
    while True:
        await asyncio.sleep(interval_s)
        worker.engine.commit(worker.consumers)


async def _wait_until_idle(engine: Engine, idle_s: float) -> None:
    since_s = time.monotonic()
    while time.monotonic() - since_s < idle_s:
        await asyncio.sleep(_IDLE_CHECK_S)
        if not engine.is_idle:
            since_s = time.monotonic()


async def _start_http(checks: health.HealthChecks, settings: WorkerSettings, at_end: AsyncExitStack) -> None:
    runner = web.AppRunner(health.application(checks), access_log=None)
    await runner.setup()
    at_end.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, settings.http.host, settings.http.port)
    try:
        await site.start()
    except OSError as exc:
        raise StartRefused(
            f"PINSTREAM_HTTP__PORT={settings.http.port}: {exc.strerror}; choose another one, or 0 for any"
        ) from exc
    log.info("health and metrics", extra={"http": runner.addresses[0]})


async def _hold_after_failure(engine: Engine, stop: asyncio.Event, hold_s: float) -> None:
    """Keep a failed process, which has left its group, so that Prometheus scrapes why before it is started again."""
    if engine.failure is not None and hold_s > 0:
        log.error("the worker has failed; its process stays for %g s so that Prometheus can read its metrics", hold_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), hold_s)
