"""Both lanes of a worker: the live topic decides which partitions it holds, the backfill topic follows.

Cooperative assignment does not put equal partition numbers of two topics into one worker, so only the live topic is
subscribed to; the same partitions of the backfill topic are assigned by hand, and committed to a group of their own.
"""

import asyncio
import logging
import queue
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Final

from confluent_kafka import OFFSET_STORED, Consumer, KafkaError, KafkaException, TopicPartition

from pinstream.kafka.clients import ClientSettings, open_consumer
from pinstream.kafka.consumer_group import lane_group
from pinstream.lanes import LANES, Lane
from streams.worker.consume.credits import Credits
from streams.worker.consume.poll_loop import LaneReader, PollThread
from streams.worker.protocols import PartitionOwner
from streams.worker.record import Consumed, Offsets

log = logging.getLogger(__name__)

CONSUMER_DEFAULTS: Final[ClientSettings] = {
    "partition.assignment.strategy": "cooperative-sticky",
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 1500,
    "auto.offset.reset": "earliest",
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 500,
    "fetch.min.bytes": 1,
    "fetch.queue.backoff.ms": 100,
    # What librdkafka reads ahead of the credits, per consumer.
    "queued.max.messages.kbytes": 16 * 1024,
    "socket.keepalive.enable": True,
    "socket.nagle.disable": True,
}
"""What a setting may override; the offsets are this program's business, whatever a setting says."""

OWN: Final[ClientSettings] = {"enable.auto.offset.store": False}
_SLACK_S: Final = 5.0
_NOTE_EVERY_S: Final = 1.0
_LEAVE_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneSettings:
    """What the two consumers need to know."""

    config: ClientSettings
    """Kafka's own keys, with ``bootstrap.servers``."""
    group: str
    live_topic: str
    backfill_topic: str
    drain_s: float


class LaneConsumers:
    """Two consumers, two threads; every callback crosses into the event loop in the order it happened."""

    def __init__(
        self,
        settings: LaneSettings,
        owner: PartitionOwner,
        *,
        credits: Credits,
        waiting_partitions: Callable[[], frozenset[int]],
        on_error: Callable[[KafkaError], None],
    ) -> None:
        self._settings = settings
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._on_error = on_error
        self._live = self._open("live")
        self._backfill = self._open("backfill")
        self._commands: Mapping[Lane, queue.SimpleQueue[Callable[[], None]]] = {
            lane: queue.SimpleQueue() for lane in LANES
        }
        self._ends: dict[tuple[Lane, int], int] = {}
        self._note_at_s: dict[Lane, float] = dict.fromkeys(LANES, 0.0)

        def intake(consumer: Consumer, lane: Lane) -> LaneReader:
            return LaneReader(
                consumer, lane, credits=credits, waiting_partitions=waiting_partitions, deliver=self._deliver
            )

        self._live_intake = intake(self._live, "live")
        self._backfill_intake = intake(self._backfill, "backfill")
        self._threads = (
            PollThread(
                "live", round=partial(self._round, "live"), finish=partial(self._finish, "live"), fail=self._fail
            ),
            PollThread(
                "backfill",
                round=partial(self._round, "backfill"),
                finish=partial(self._finish, "backfill"),
                fail=self._fail,
            ),
        )

    def start(self) -> None:
        """Join the group; partitions arrive by `PartitionOwner.on_assigned`."""
        self._live.subscribe(
            [self._settings.live_topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )
        for thread in self._threads:
            thread.start()

    async def close(self) -> None:
        """Give all partitions back (`PartitionOwner.on_revoked` first; commits what it returns) and leave the group."""
        for thread in self._threads:
            thread.stop()
            if thread.ident is not None:
                await asyncio.to_thread(thread.join, self._settings.drain_s + _LEAVE_S)
                if thread.is_alive():
                    log.warning("Kafka does not answer; leaving without a commit", extra={"lane": thread.name})

    def commit(self, lane: Lane, offsets: Offsets) -> None:
        """Have a commit sent by the lane's own thread."""
        self._commands[lane].put(lambda: self._send_commit(lane, offsets))

    def end_offset(self, lane: Lane, partition: int) -> int | None:
        """The offset after the last record published, as a recent fetch said; None before that. Does not block."""
        return self._ends.get((lane, partition))

    def _open(self, lane: Lane) -> Consumer:
        settings, left_out = {**CONSUMER_DEFAULTS, **self._settings.config}, set[str]()
        if settings.get("group.protocol") == "consumer":
            # KIP-848: these are the broker's to set, and the client refuses them.
            left_out |= {"partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"}
        if lane == "backfill":
            # Assigned by hand: nobody joins its group.
            left_out |= {"group.protocol", "group.instance.id"}
        return open_consumer(
            {key: value for key, value in settings.items() if key not in left_out},
            group=lane_group(self._settings.group, lane),
            fixed=OWN,
            on_error=self._on_error,
            on_commit=partial(self._on_commit, lane),
        )

    def _on_assign(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        numbers = [each.partition for each in partitions]
        self._call(lambda: self._owner.on_assigned(numbers))
        self._live_intake.assigned(partitions)
        self._commands["backfill"].put(lambda: self._follow(numbers))

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        numbers = [each.partition for each in partitions]
        if not numbers:
            return
        drained = asyncio.run_coroutine_threadsafe(self._revoke(numbers), self._loop)
        offsets = drained.result(self._settings.drain_s + _SLACK_S)
        self._run_commands("live")
        self._live_intake.unassigned(numbers)
        self._commit_now("live", offsets["live"])
        self._unfollow(numbers, offsets["backfill"])

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        numbers = [each.partition for each in partitions]
        log.warning("partitions lost", extra={"partitions": numbers})
        self._live_intake.unassigned(numbers)
        self._call(lambda: self._owner.on_lost(numbers))
        self._unfollow(numbers, {})

    async def _revoke(self, partitions: Sequence[int]) -> Mapping[Lane, Offsets]:
        return await self._owner.on_revoked(partitions)

    def _follow(self, partitions: Sequence[int]) -> None:
        added = [TopicPartition(self._settings.backfill_topic, each, OFFSET_STORED) for each in partitions]
        self._backfill.incremental_assign(added)
        self._backfill_intake.assigned(added)

    def _unfollow(self, partitions: Sequence[int], offsets: Offsets) -> None:
        """Let go of the backfill's partitions, in its own thread, before the live ones move on."""
        done: Future[None] = Future()

        def let_go() -> None:
            self._commit_now("backfill", offsets)
            self._backfill_intake.unassigned(partitions)
            self._backfill.incremental_unassign([self._at("backfill", each) for each in partitions])
            done.set_result(None)

        self._commands["backfill"].put(let_go)
        try:
            done.result(_SLACK_S)
        except TimeoutError:
            log.warning("the backfill lane did not let go in time", extra={"partitions": list(partitions)})

    def _round(self, lane: Lane) -> None:
        """One round of a lane's thread: what others want of its consumer, then a poll.

        A consumer serves one thread at a time: confluent-kafka 2.16 lets every other thread's call spin until a poll
        ends, and the next poll may come first. Called from the event loop, a commit would hold up everything.
        """
        self._run_commands(lane)
        intake = self._live_intake if lane == "live" else self._backfill_intake
        intake.pull()
        self._note_ends(lane, intake.partitions)

    def _finish(self, lane: Lane) -> None:
        self._run_commands(lane)
        self._consumer(lane).close()

    def _run_commands(self, lane: Lane) -> None:
        commands = self._commands[lane]
        while not commands.empty():
            commands.get()()

    def _note_ends(self, lane: Lane, partitions: Sequence[TopicPartition]) -> None:
        """Often enough for a gauge, seldom enough to cost nothing."""
        if time.monotonic() < self._note_at_s[lane]:
            return
        self._note_at_s[lane] = time.monotonic() + _NOTE_EVERY_S
        for each in partitions:
            try:
                found = self._consumer(lane).get_watermark_offsets(each, cached=True)
            except (KafkaException, RuntimeError):
                continue
            if found is not None and found[1] >= 0:
                self._ends[lane, each.partition] = found[1]

    def _send_commit(self, lane: Lane, offsets: Offsets) -> None:
        try:
            self._consumer(lane).commit(offsets=self._positions(lane, offsets), asynchronous=True)
        except KafkaException as exc:
            log.warning("commit failed: %s", exc, extra={"lane": lane})
            self._call(lambda: self._owner.on_commit(lane, offsets, failed=True))

    def _deliver(self, batch: Sequence[Consumed]) -> None:
        self._call(lambda: self._owner.submit(batch))

    def _fail(self, error: BaseException) -> None:
        self._call(lambda: self._owner.fail(error))

    def _call(self, callback: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(self._guarded, callback)

    def _guarded(self, callback: Callable[[], None]) -> None:
        """What fails outside any pin is this program's fault: stop, rather than let the event loop only log it."""
        try:
            callback()
        except Exception as exc:  # noqa: BLE001 (the outermost loop of what the lanes set off)
            self._owner.fail(exc)

    def _commit_now(self, lane: Lane, offsets: Offsets) -> None:
        if not offsets:
            return
        try:
            self._consumer(lane).commit(offsets=self._positions(lane, offsets), asynchronous=False)
        except KafkaException as exc:
            log.warning("commit refused, so these pins come again: %s", exc, extra={"lane": lane})

    def _on_commit(self, lane: Lane, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        offsets = {each.partition: each.offset for each in partitions}
        failed = error is not None or any(each.error is not None for each in partitions)
        if failed:
            log.warning("commit failed: %s", error, extra={"lane": lane})
        self._call(lambda: self._owner.on_commit(lane, offsets, failed=failed))

    def _consumer(self, lane: Lane) -> Consumer:
        return self._live if lane == "live" else self._backfill

    def _at(self, lane: Lane, partition: int) -> TopicPartition:
        topic = self._settings.live_topic if lane == "live" else self._settings.backfill_topic
        return TopicPartition(topic, partition)

    def _positions(self, lane: Lane, offsets: Offsets) -> list[TopicPartition]:
        positions = [self._at(lane, partition) for partition in offsets]
        for position in positions:
            position.offset = offsets[position.partition]
        return positions
