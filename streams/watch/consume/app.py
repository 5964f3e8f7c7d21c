"""The adapter to Faust: records into the `Watcher`, states of pins into a changelogged table. Nothing else knows Faust.

Faust loses events when an exception leaves an agent, and commits past records that it cannot decode. So no exception
leaves, and Faust decodes nothing (docs/operations/watch.md says what else is set, and why).
"""

import asyncio
import logging
from collections.abc import AsyncIterable, Callable, Iterator
from typing import Any, Final, cast

import faust
from faust.types import TP, EventT, StreamT

from pinstream.events import Headers
from pinstream.kafka.admin import PartitionId
from pinstream.kafka.stored_record import StoredRecord
from schemas.topics import Topic
from streams.watch.consume.credentials import credentials
from streams.watch.consume.progress import ReadProgress
from streams.watch.consume.readable_records import read_unreadable_headers
from streams.watch.join.pins import PinState
from streams.watch.join.watcher import Watcher
from streams.watch.settings import WatchSettings

log = logging.getLogger(__name__)

TABLE: Final = "pins"
_STORE: Final = {"write_buffer_size": 8 << 20, "max_write_buffer_number": 2, "block_cache_size": 16 << 20}
"""RocksDB's, for each partition: Faust's defaults are 2 GiB of cache and 192 MiB of buffers."""


def changelog(settings: WatchSettings, partitions: int) -> Topic:
    """The table's copy on Kafka, which the watch creates itself: compacted, with as many partitions as the lanes."""
    config = {"cleanup.policy": "compact"}
    return Topic(
        f"{settings.app_id}-{TABLE}-changelog", partitions, config, "the watch's table: the last state of pins"
    )


class FaustWatch:
    """Three agents and one table. ``fail`` gets the error that the process must exit for; it must not raise."""

    def __init__(
        self,
        settings: WatchSettings,
        watcher: Watcher,
        progress: ReadProgress,
        *,
        partitions: int,
        url: str,
        fail: Callable[[BaseException], None],
    ) -> None:
        kafka = settings.kafka
        self._watcher = watcher
        self._progress = progress
        self._fail = fail
        self._find_starts: Callable[[list[PartitionId]], dict[PartitionId, int]] = lambda _partitions: {}
        self._lanes = (kafka.live_topic, kafka.backfill_topic)
        self.topics = (*self._lanes, kafka.indexed_topic)
        self.app = _make_app(settings, partitions=partitions, url=url)
        self.table: Any = self.app.Table(
            TABLE, key_type=bytes, value_type=bytes, partitions=partitions, options=dict(_STORE)
        )
        for topic in self.topics:
            join = watcher.add_event if topic in self._lanes else watcher.add_outcome
            channel = self.app.topic(topic, key_serializer="raw", value_serializer="raw", acks=True)
            self.app.agent(channel, name=f"watch.{topic}")(self._agent(join))
        self.app.on_rebalance_complete.connect(lambda *_args, **_kwargs: self._restore(), weak=False)

    @property
    def partitions(self) -> frozenset[int]:
        """Of the lanes, those that this instance watches now."""
        lane = self._lanes[0]
        return frozenset(tp.partition for tp in self.app.assignor.assigned_actives() if tp.topic == lane)

    @property
    def instances(self) -> dict[str, list[int]]:
        """Every instance's address, and the partitions it watches."""
        found = {}
        for url, topics in self.app.router.tables_metadata().items():
            found[str(url)] = sorted(part for parts in topics.values() for part in parts)
        return found

    @property
    def running(self) -> bool:
        """Whether partitions were assigned and their states restored."""
        return bool(self.app.started and not self.app.rebalancing and not self.app.in_recovery)

    def state(self, pin_id: str) -> PinState | None:
        """A pin of one of this instance's partitions."""
        return self._state_of(pin_id.encode())

    def find_starts_by(self, find_starts: Callable[[list[PartitionId]], dict[PartitionId, int]]) -> None:
        """Set the function that finds the first offsets of newly assigned partitions; it may block."""
        self._find_starts = find_starts

    def pause_lanes(self, paused: bool) -> None:
        """Stop reading the lanes, or resume."""
        lanes = {tp for tp in self.app.consumer.assignment() if tp.topic in self._lanes}
        if paused:
            self.app.consumer.pause_partitions(lanes)
        else:
            self.app.consumer.resume_partitions(lanes)
        self._progress.set_paused(self._lanes if paused else ())

    def _agent(self, join: Callable[[StoredRecord, str, PinState | None], PinState | None]) -> Any:
        async def agent(stream: StreamT[bytes]) -> AsyncIterable[None]:
            async for event in stream.events():
                try:
                    self._join(event, join)
                except Exception as exc:  # noqa: BLE001 (the agent would end, and Faust would commit past the event)
                    self._fail(exc)
                    await asyncio.Event().wait()  # never acknowledged, so it is read again
                yield None

        return agent

    def _join(
        self, event: EventT[bytes], join: Callable[[StoredRecord, str, PinState | None], PinState | None]
    ) -> None:
        record = _record_of(event)
        watcher = self._watcher
        pin_id = watcher.pin_of(record)
        if pin_id is not None:
            key = pin_id.encode()
            state = join(record, pin_id, self._state_of(key))
            if state is not None:
                self.table[key] = state.encode()
        for expired in watcher.expired(record.partition):
            state = self._state_of(expired.encode())
            if state is not None:
                watcher.forget(record.partition, expired, state)
                del self.table[expired.encode()]
        self._progress.add_record(record.topic, record.partition, record.offset)

    def _state_of(self, key: bytes) -> PinState | None:
        value = self.table.get(key)
        return None if value is None else PinState.decode(value)

    async def _restore(self) -> None:
        """After every rebalance and before any record: rebuild the join from the table's states."""
        assigned = [_partition_id(tp) for tp in self.app.assignor.assigned_actives() if tp.topic in self.topics]
        try:
            starts = await asyncio.to_thread(self._find_starts, assigned)
            self._watcher.rebuild(self.partitions, self._states())
        except Exception as exc:  # noqa: BLE001 (Faust would go on without state)
            self._fail(exc)
            return
        self._progress.assign({partition: starts.get(partition, 0) for partition in assigned})
        log.info("watching", extra={"partitions": sorted(self.partitions), "waiting": self._watcher.waiting})

    def _states(self) -> Iterator[tuple[str, PinState]]:
        for key, value in self.table.items():
            state = PinState.decode(value)
            if state is not None:
                yield key.decode(), state


def _make_app(settings: WatchSettings, *, partitions: int, url: str) -> faust.App:
    kafka = settings.kafka
    read_unreadable_headers()
    settings.table.folder.mkdir(parents=True, exist_ok=True)  # Faust does not create parent folders
    return faust.App(
        settings.app_id,
        broker=[f"kafka://{server.strip()}" for server in kafka.servers.split(",")],
        broker_credentials=credentials(kafka.client),
        datadir=settings.table.folder,
        store="rocksdb://?driver=rocksdict",
        key_serializer="raw",
        value_serializer="raw",
        autodiscover=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=partitions,
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=1.0,
        broker_max_poll_records=None,
        broker_max_poll_interval=2_000_000,
        broker_session_timeout=30,
        broker_request_timeout=40,
        stream_buffer_maxsize=64,
        producer_acks=-1,
        producer_request_timeout=60,
        worker_redirect_stdouts=False,
        web_enabled=False,  # one port, with answers of our own: streams/watch/http/server.py
        web_host=settings.http.host,
        web_port=settings.http.port or 1,
        canonical_url=url,
    )


def _record_of(event: EventT[bytes]) -> StoredRecord:
    message = event.message
    return StoredRecord(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers=cast(Headers, message.headers or ()),
        timestamp_ms=round((message.timestamp or 0) * 1000),
    )


def _partition_id(tp: TP) -> PartitionId:
    return tp.topic, tp.partition
