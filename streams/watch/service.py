"""The watch as a process: started in order, watched by its own watchdog, ended in order or, if need be, at once."""

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
from streams.watch.consume.topic_ends import TopicEnds, ends_or_none, readable_or_not
from streams.watch.http import server
from streams.watch.join.swept import SweptTo
from streams.watch.join.watcher import Watcher
from streams.watch.metrics import WatchMetrics
from streams.watch.settings import WatchSettings

log = logging.getLogger(__name__)

STUCK: Final = 6
_CHATTY: Final = {
    "faust": logging.WARNING,
    "faust.transport.producer": logging.ERROR,  # that its buffer fills is how it keeps pace
    "mode": logging.WARNING,
    "aiokafka": logging.CRITICAL,  # it says 20 times a second that a broker is away
}
_LOOK_EVERY_S: Final = 1.0
_PEEK_AFTER_S: Final = 5.0
_STOP_S: Final = 15.0


class WatchStuck(WorkerStopped):
    """The watch stopped making progress; a supervisor starts it again, and it goes on from its table."""

    exit_code = STUCK


async def run(settings: WatchSettings, *, stop: asyncio.Event) -> None:
    """Watch until ``stop`` is set. Raises what the process must end for."""
    if not log.isEnabledFor(logging.DEBUG):
        for chatty, level in _CHATTY.items():
            logging.getLogger(chatty).setLevel(level)
    partitions = await asyncio.to_thread(_prepared, settings)
    kafka = settings.kafka
    names = (kafka.live_topic, kafka.backfill_topic, kafka.indexed_topic)
    metrics = WatchMetrics(names)
    metrics.set("objective_seconds", settings.objective.pin_s, "freshness")
    metrics.set("objective_seconds", settings.objective.deletion_s, "deletion")
    swept_to = SweptTo(settings.table.folder)
    watcher = Watcher(settings.objective.objectives, settings.table.keep, metrics, swept_to_ms=swept_to.read())
    progress = ReadProgress(now_ms)
    failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    def fail(error: BaseException) -> None:
        if not failed.done():
            failed.set_result(error)

    async with AsyncExitStack() as stack:
        site = server.WatchServer(settings, watcher, progress, partitions=partitions)
        url = await site.start(stack)
        watch = FaustWatch(settings, watcher, progress, partitions=partitions, url=url, fail=fail)
        tail = TopicEnds(kafka.client_config, settings.app_id)
        watch.starts_by(tail.committed)
        site.shows(watch)
        beating = _Beating(settings, watch, watcher, progress, swept_to)
        guard = threading.Thread(target=_guard, args=(settings, tail, progress, beating), daemon=True, name="watchdog")
        guard.start()
        stack.callback(beating.end)
        await _until_ended(watch, beating, stop, failed)
    if failed.done():
        raise failed.result()


def _prepared(settings: WatchSettings) -> int:
    """The partitions of the lanes, with everything on Kafka that the watch needs; raises StartRefused."""
    kafka = settings.kafka
    setup = TopicSetup(kafka.client_config)
    try:
        partitions = setup.require(topics(prefix=kafka.topic_prefix))
        (report,) = setup.ensure([changelog(settings, partitions)])
        wrong = [difference for difference in report.differences if "partitions" in difference]
        if wrong:
            raise StartRefused(f"{report.name} has {wrong[0]}: delete it, the watch recounts the last hour")
        log.info("%s: %s", report.name, report.note)
        places = [
            (topic, partition)
            for topic in (kafka.live_topic, kafka.backfill_topic, kafka.indexed_topic)
            for partition in range(partitions)
        ]
        since_ms = now_ms() - round(settings.table.settled_s * 1000)
        moved = TopicEnds(kafka.client_config, settings.app_id).begin(places, since_ms=since_ms)
        if moved:
            log.info("first start: pins published in the last %.0f s are followed", settings.table.settled_s)
    except KafkaUnreachable as exc:
        raise StartRefused(f"Kafka at {kafka.servers}: {exc}") from exc
    return partitions


class _Beating:
    """What the event loop does every second, and how the watchdog sees that it does."""

    def __init__(
        self, settings: WatchSettings, watch: FaustWatch, watcher: Watcher, progress: ReadProgress, swept_to: SweptTo
    ) -> None:
        self._limit = settings.table.waiting_pins
        self._watch = watch
        self._watcher = watcher
        self._progress = progress
        self._swept_to = swept_to
        self._held_back = False
        self.beats = 0
        self.partitions = 0
        self.ended = threading.Event()

    def end(self) -> None:
        """The watchdog may go."""
        self.ended.set()

    def beat(self) -> None:
        """One turn."""
        self.beats += 1
        if not self._watch.running:
            return
        self.partitions = len(self._watch.partitions)
        late = self._watcher.sweep(self._progress.as_of_ms)
        self._swept_to.write(self._watcher.swept_to_ms, at_once=late > 0)
        full = self._watcher.waiting >= self._limit * (0.9 if self._held_back else 1)
        if full or self._held_back:
            self._watch.hold_back(full)  # said again each time: a rebalance forgets it
        if full != self._held_back:
            self._held_back = full
            state = "held back" if full else "read on"
            log.warning(
                "lanes %s: %d pins are owed, of %d that can be followed", state, self._watcher.waiting, self._limit
            )


async def _until_ended(
    watch: FaustWatch, beating: _Beating, stop: asyncio.Event, failed: "asyncio.Future[BaseException]"
) -> None:
    app = watch.app
    starting = asyncio.ensure_future(app.maybe_start())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        while not (stop.is_set() or failed.done()):
            beating.beat()
            if starting.done() and (refused := starting.exception()) is not None:
                failed.set_result(KafkaFailed(f"Faust did not start: {refused!r}"))
            elif app.crashed or app.should_stop:
                failed.set_result(KafkaFailed(f"Faust stopped: {app.crash_reason!r}"))
            await asyncio.wait((failed, stopping), timeout=_LOOK_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        starting.cancel()
        stopping.cancel()
        beating.end()
        await _stopped(watch, failed)


async def _stopped(watch: FaustWatch, failed: "asyncio.Future[BaseException]") -> None:
    """Faust's own stop commits and leaves the group; where it hangs, as after a crash, the process just ends."""
    log.info("watch stops")
    try:
        async with asyncio.timeout(_STOP_S):
            await watch.app.stop()
    except TimeoutError:
        log.warning("Faust did not stop within %.0f s: the process ends without it", _STOP_S)
        error = failed.result() if failed.done() else None
        if error is not None:
            log.error("%s: %s", type(error).__name__, error)
        _end_at_once(error.exit_code if isinstance(error, WorkerStopped) else int(error is not None))


def _guard(settings: WatchSettings, tail: TopicEnds, progress: ReadProgress, beating: _Beating) -> None:
    """The watchdog's thread: its own client, its own clock, and the power to end the process."""
    dog, away = Watchdog(settings.stuck_s, monotonic=time.monotonic), False
    while not beating.ended.wait(_LOOK_EVERY_S):
        ends = ends_or_none(tail, progress.places)
        if (ends is None) != away:
            away = ends is None
            log.warning("Kafka does not answer; what it holds is not known" if away else "Kafka answers again")
        progress.looked(ends)
        if ends is not None and progress.behind and dog.idle_s(progress.steps) > _PEEK_AFTER_S:
            unread = progress.unread(ends)
            if not readable_or_not(tail, unread):
                progress.nothing_there(ends, unread)
        reason = dog.verdict(
            steps=progress.steps, behind=progress.behind, beats=beating.beats, partitions=beating.partitions
        )
        if reason is not None and not beating.ended.is_set():
            log.critical("the watch is stuck: %s; it ends, to be started again", reason)
            _end_at_once(STUCK)


def _end_at_once(status: int) -> None:
    """Without asking anybody: what is stuck cannot be asked. The table's changes are on Kafka or will be read again."""
    logging.shutdown()
    os._exit(status)
