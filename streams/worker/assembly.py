"""Builds the worker: which object gets which others. The diagram in `streams.worker` shows them."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from pinstream.clock import now_ms
from pinstream.kafka.client_errors import ClientErrorLog
from streams.worker.backends import Backends, worker_name
from streams.worker.checks.health import HealthChecks
from streams.worker.consume.consumers import LaneConsumers
from streams.worker.consume.credits import Credits
from streams.worker.finish.breaker import Breaker
from streams.worker.finish.dead_letters import DeadLetterWriter
from streams.worker.finish.finisher import Finisher
from streams.worker.finish.outcomes import OutcomeWriter
from streams.worker.finish.producer import WorkerProducer
from streams.worker.finish.visibility_probe import VisibilityProbe
from streams.worker.outages import Outages
from streams.worker.process.code_cache import CodeCache
from streams.worker.process.inference import PictureInference
from streams.worker.process.pipeline import PinLimits, PinPipeline
from streams.worker.process.pixel_budget import PixelBudget
from streams.worker.process.retry import Backoff, RetryPolicy
from streams.worker.process.version_fence import VersionFence
from streams.worker.protocols import PinProcessor
from streams.worker.schedule.engine import Engine
from streams.worker.schedule.gauges import set_gauges
from streams.worker.schedule.permits import InFlightLimits
from streams.worker.settings import WorkerSettings
from streams.worker.stage_timer import StageTimer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The stages, built and connected; nothing is consumed before ``consumers.start()``."""

    consumers: LaneConsumers
    engine: Engine
    checks: HealthChecks


def build(settings: WorkerSettings, backends: Backends, at_end: AsyncExitStack) -> Worker:
    """Builds the stages from last to first: each calls the next. Opens the Kafka clients; call it in the event loop.

    ``at_end`` closes the producer and ends the probes, also where a client is refused: raises KafkaSettingInvalid.
    """
    outages, metrics, limits = Outages(), backends.metrics, settings.limits
    on_error = ClientErrorLog(_in_event_loop(lambda: outages.begin("kafka", "no broker answers")))
    producer = WorkerProducer(
        settings.kafka.producer_config,
        on_error=on_error,
        fail=lambda error: engine.fail(error),  # noqa: PLW0108 (the engine is built below)
        on_answer=lambda: outages.end("kafka"),
    )
    at_end.push_async_callback(_close_producer, producer, settings.drain_s)
    finisher = build_finisher(settings, backends, producer)
    at_end.push_async_callback(finisher.probe.close, settings.probe.give_up_s)
    credits = Credits(max_records=limits.held_records, max_bytes=limits.held_bytes, reserved=limits.reserved_records)
    engine = Engine(
        processor=build_processor(settings, backends, outages),
        publisher=finisher,
        credits=credits,
        limits=InFlightLimits(total=limits.in_flight, backfill=limits.backfill_in_flight),
        outages=outages,
        metrics=metrics,
        drain_s=settings.drain_s,
    )
    consumers = LaneConsumers(
        settings.kafka,
        engine,
        drain_s=settings.drain_s,
        credits=credits,
        paused_partitions=lambda: outages.paused_partitions,
        on_error=on_error,
    )
    checks = build_checks(settings, backends, engine, consumers, finisher.breaker)
    return Worker(consumers=consumers, engine=engine, checks=checks)


def build_finisher(settings: WorkerSettings, backends: Backends, producer: WorkerProducer) -> Finisher:
    outcomes = OutcomeWriter(producer=producer, topic=settings.kafka.indexed_topic, worker=worker_name(settings))
    return Finisher(
        outcomes=outcomes,
        dead_letters=DeadLetterWriter(producer, settings.kafka.dead_topic),
        breaker=Breaker(settings.breaker),
        probe=VisibilityProbe(backends.search, outcomes, backends.metrics, limits=settings.probe),
        metrics=backends.metrics,
    )


def build_processor(settings: WorkerSettings, backends: Backends, outages: Outages) -> PinProcessor:
    retry, limits, fetch, metrics = settings.retry, settings.limits, settings.fetch, backends.metrics
    tracer = backends.tracer
    timer = StageTimer() if tracer is None else StageTimer(tracer.stage_span)
    retry_policy = RetryPolicy(
        Backoff(first_s=retry.first_s, max_s=retry.max_s, deadline_s=retry.deadline_s),
        outages,
        on_retry=lambda service: metrics.add("retries", service),
    )
    inference = PictureInference(
        detector=backends.detector,
        embedder=backends.embedder,
        retry_policy=retry_policy,
        decoders=backends.decoders,
        budget=PixelBudget(limits.decoded_pixels),
        timer=timer,
        max_pixels=fetch.max_pixels,
        idle_below=limits.idle_below,
    )
    pipeline = PinPipeline(
        fence=VersionFence(backends.reader, capacity=limits.fence_capacity, staleness_s=settings.milvus.staleness_s),
        fetcher=backends.fetcher,
        inference=inference,
        code_cache=CodeCache(capacity=limits.repin_capacity),
        rows=backends.writer,
        retry_policy=retry_policy,
        timer=timer,
        limits=PinLimits(
            fetch_backoff=Backoff(first_s=0.2, max_s=5.0, deadline_s=fetch.deadline_s), replays=settings.replays
        ),
        count=lambda event: metrics.add("events", event),
    )
    return pipeline if tracer is None else tracer.trace(pipeline)


def build_checks(
    settings: WorkerSettings, backends: Backends, engine: Engine, consumers: LaneConsumers, breaker: Breaker
) -> HealthChecks:
    metrics = backends.metrics

    def update_gauges() -> None:
        set_gauges(metrics, engine, consumers, now_ms=now_ms())
        metrics.set("breaker_ratio", breaker.ratio)
        metrics.set("breaker_in_a_row", breaker.in_a_row)
        metrics.set("breaker_open", breaker.tripped)

    return HealthChecks(
        state=engine.state,
        check_readiness=backends.readiness_check.run,
        set_gauges=update_gauges,
        registry=metrics.registry,
        stuck_s=settings.http.stuck_s,
    )


def _in_event_loop(callback: Callable[[], None]) -> Callable[[], None]:
    """``callback``, to be called from any thread: Kafka's clients report errors in theirs, `Outages` is the loop's."""
    loop = asyncio.get_running_loop()

    def call() -> None:
        loop.call_soon_threadsafe(callback)

    return call


async def _close_producer(producer: WorkerProducer, deadline_s: float) -> None:
    missing = await producer.close(deadline_s)
    if missing:
        log.error("outcomes not acknowledged; their pins are read again", extra={"missing": missing})
