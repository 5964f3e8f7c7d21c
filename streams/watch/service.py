"""The watch as a process: start and run; its watchdog ends the process at once if it is stuck."""

import asyncio
import logging
import os
import threading
import time
from contextlib import AsyncExitStack
from typing import Final

from pinstream.clock import now_ms
from pinstream.kafka.errors import KafkaUnreachable
from schemas.topics import topics
from streams.errors import KafkaFailed, StartRefused, WorkerStopped
from streams.topic_setup import TopicSetup
from streams.watch.consume.app import FaustWatch, changelog
from streams.watch.consume.progress import ReadProgress, Watchdog
from streams.watch.consume.topic_ends import TopicEnds
from streams.watch.http.server import WatchServer
from streams.watch.join.counted_up_to import CountedUpTo
from streams.watch.join.watcher import Watcher
from streams.watch.metrics import WatchMetrics
from streams.watch.settings import WatchSettings

log = logging.getLogger(__name__)

STUCK: Final = 6
_LOG_LEVELS: Final = {
    "faust": logging.WARNING,
    "faust.transport.producer": logging.ERROR,  # a full buffer is how it slows its callers down
    "mode": logging.WARNING,
    "aiokafka": logging.CRITICAL,  # it logs 20 times a second that a broker is away
}
_EVERY_S: Final = 1.0
_PEEK_AFTER_S: Final = 5.0
"""Without a record for this long, a plain consumer looks whether there is one to read."""
_STOP_S: Final = 15.0
_RESUME_AT: Final = 0.9
"""Paused lanes are resumed below this share of the limit, or they would pause and resume at every beat."""


async def run(settings: WatchSettings, *, stop: asyncio.Event) -> None:
    """Returns when ``stop`` is set; raises the error that the process must exit for."""
    if not log.isEnabledFor(logging.DEBUG):
        for name, level in _LOG_LEVELS.items():
            logging.getLogger(name).setLevel(level)
    partitions = await asyncio.to_thread(_prepare_kafka, settings)
    kafka = settings.kafka
    metrics = WatchMetrics((kafka.live_topic, kafka.backfill_topic, kafka.indexed_topic))
    metrics.set("objective_seconds", settings.objective.pin_s, "freshness")
    metrics.set("objective_seconds", settings.objective.deletion_s, "deletion")
    counted = CountedUpTo(settings.table.folder)
    watcher = Watcher(settings.objective.objectives, settings.table.keep, metrics, counted_to_ms=counted.read())
    progress = ReadProgress(now_ms)
    failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    def fail(error: BaseException) -> None:
        if not failed.done():
            failed.set_result(error)

    async with AsyncExitStack() as stack:
        server = WatchServer(settings, watcher, progress, partitions=partitions)
        url = await server.start(stack)
        watch = FaustWatch(settings, watcher, progress, partitions=partitions, url=url, fail=fail)
        ends = TopicEnds(kafka.client_config, settings.app_id)
        watch.find_starts_by(ends.committed)
        server.attach(watch)
        heartbeat = _Heartbeat(settings, watch, watcher, progress, counted)
        watchdog = threading.Thread(
            target=_run_watchdog, args=(settings, ends, progress, heartbeat), daemon=True, name="watchdog"
        )
        watchdog.start()
        stack.callback(heartbeat.ended.set)
        await _run_until_stopped(watch, heartbeat, stop, failed)
    if failed.done():
        raise failed.result()


def _prepare_kafka(settings: WatchSettings) -> int:
    """Everything on Kafka that the watch needs; returns the lanes' partitions. Raises StartRefused."""
    kafka = settings.kafka
    setup = TopicSetup(kafka.client_config)
    try:
        partitions = setup.require(topics(prefix=kafka.topic_prefix))
        (report,) = setup.ensure([changelog(settings, partitions)])
        wrong = [difference for difference in report.differences if "partitions" in difference]
        if wrong:
            raise StartRefused(f"{report.name} has {wrong[0]}: delete it, the watch recounts the last hour")
        log.info("%s: %s", report.name, report.note)
        watched = [
            (topic, partition)
            for topic in (kafka.live_topic, kafka.backfill_topic, kafka.indexed_topic)
            for partition in range(partitions)
        ]
        since_ms = now_ms() - round(settings.table.accounted_s * 1000)
        if TopicEnds(kafka.client_config, settings.app_id).commit_since(watched, since_ms=since_ms):
            log.info("first start: begins with the pins of the last %.0f s", settings.table.accounted_s)
    except KafkaUnreachable as exc:
        raise StartRefused(str(exc)) from exc
    return partitions


class _Heartbeat:
    """The event loop's periodic work, counted so that the watchdog sees that the loop runs."""

    def __init__(
        self, settings: WatchSettings, watch: FaustWatch, watcher: Watcher, progress: ReadProgress, counted: CountedUpTo
    ) -> None:
        self._max_waiting = settings.table.waiting_pins
        self._watch = watch
        self._watcher = watcher
        self._progress = progress
        self._counted = counted
        self._lanes_paused = False
        self.beats = 0
        self.partitions = 0
        self.ended = threading.Event()
        """The watchdog returns once this is set."""

    def beat(self) -> None:
        """Mark what fell due, and pause the lanes while too many pins are waiting."""
        self.beats += 1
        if not self._watch.running:
            return
        self.partitions = len(self._watch.partitions)
        late = self._watcher.mark_overdue(self._progress.as_of_ms)
        self._counted.write(self._watcher.counted_to_ms, at_once=late > 0)
        waiting, limit = self._watcher.waiting, self._max_waiting
        pause = waiting >= limit * (_RESUME_AT if self._lanes_paused else 1)
        if pause or self._lanes_paused:
            self._watch.pause_lanes(pause)  # every time: a rebalance resumes all partitions
        if pause != self._lanes_paused:
            self._lanes_paused = pause
            log.warning(
                "lanes %s: %d pins are waiting, the limit is %d", "paused" if pause else "resumed", waiting, limit
            )


async def _run_until_stopped(
    watch: FaustWatch, heartbeat: _Heartbeat, stop: asyncio.Event, failed: "asyncio.Future[BaseException]"
) -> None:
    app = watch.app
    starting = asyncio.ensure_future(app.maybe_start())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        while not (stop.is_set() or failed.done()):
            heartbeat.beat()
            if starting.done() and (error := starting.exception()) is not None:
                failed.set_result(KafkaFailed(f"Faust did not start: {error!r}"))
            elif app.crashed or app.should_stop:
                failed.set_result(KafkaFailed(f"Faust stopped: {app.crash_reason!r}"))
            await asyncio.wait((failed, stopping), timeout=_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        starting.cancel()
        stopping.cancel()
        heartbeat.ended.set()
        await _stop_faust(watch, failed)


async def _stop_faust(watch: FaustWatch, failed: "asyncio.Future[BaseException]") -> None:
    """Faust's stop commits and leaves the group. Where it hangs, as after a crash, the process exits without it."""
    log.info("watch stops")
    try:
        async with asyncio.timeout(_STOP_S):
            await watch.app.stop()
    except TimeoutError:
        log.warning("Faust did not stop within %.0f s: the process exits without it", _STOP_S)
        error = failed.result() if failed.done() else None
        if error is not None:
            log.error("%s: %s", type(error).__name__, error)
        _exit_at_once(error.exit_code if isinstance(error, WorkerStopped) else int(error is not None))


def _run_watchdog(
    settings: WatchSettings, topic_ends: TopicEnds, progress: ReadProgress, heartbeat: _Heartbeat
) -> None:
    """In a thread with a Kafka client and a clock of its own, since both may be stuck in the event loop."""
    watchdog, is_away = Watchdog(settings.stuck_s, monotonic=time.monotonic), False
    while not heartbeat.ended.wait(_EVERY_S):
        ends = topic_ends.ends(progress.positions)
        if (ends is None) != is_away:
            is_away = ends is None
            log.warning("Kafka does not answer" if is_away else "Kafka answers again")
        progress.compare(ends)
        if ends is not None and progress.behind and watchdog.idle_s(progress.records) > _PEEK_AFTER_S:
            unread = progress.unread(ends)
            if not topic_ends.has_record(unread):
                progress.skip_to_ends(ends, unread)
        reason = watchdog.reason_to_exit(
            records=progress.records, behind=progress.behind, beats=heartbeat.beats, partitions=heartbeat.partitions
        )
        if reason is not None and not heartbeat.ended.is_set():
            log.critical("the watch is stuck: %s; it exits, to be started again", reason)
            _exit_at_once(STUCK)


def _exit_at_once(status: int) -> None:
    """Without cleanup, which may be stuck too. Table changes that are not on Kafka yet are made again at restart."""
    logging.shutdown()
    os._exit(status)
