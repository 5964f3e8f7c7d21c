"""Publishes events on Kafka as the contract requires: key, partition, headers, and acknowledged by the brokers."""

import asyncio
import logging
import os
import weakref
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from pinstream.clock import now_ms
from pinstream.errors import EventInvalid, NotDelivered
from pinstream.events import (
    MAX_VERSION,
    PinDeletion,
    PinEvent,
    event_from,
    valid_pin_id,
)
from pinstream.kafka.clients import ClientSettings
from pinstream.kafka.publishing.delivery import Delivery
from pinstream.kafka.publishing.kafka_producer import OpenProducer
from pinstream.kafka.publishing.outgoing_record import Envelope
from pinstream.kafka.publishing.producer_queue import ProducerQueue
from pinstream.kafka.publishing.settings import PublisherSettings
from pinstream.lanes import LANE_TOPICS, Lane
from pinstream.versions import VersionClock

log = logging.getLogger(__name__)

_EXIT_MARGIN_S: Final = 1.0


class Publisher:
    """Publishes pins; the same object serves coroutines, plain code and many threads.

    ::

        async with Publisher("kafka:9092") as publisher:      with Publisher("kafka:9092") as publisher:
            await publisher.publish(event)                        publisher.publish(event).result()

    Connects when its ``with`` block is entered, else at the first event; a forked process connects again. ``kafka``
    holds librdkafka's own keys: ``queue.buffering.max.messages`` and ``.kbytes`` limit the events that wait for Kafka's
    acknowledgement; an event may wait ``delivery.timeout.ms`` (30 s) for room under these limits, and as long again
    for its acknowledgement. Raises ValueError if a key is wrong.
    """

    def __init__(
        self,
        bootstrap: str,
        *,
        lane: Lane = "live",
        topic_prefix: str = "",
        source: str = "pinstream",
        kafka: ClientSettings | None = None,
    ) -> None:
        self._settings = PublisherSettings(bootstrap, kafka or {})
        topic = topic_prefix + LANE_TOPICS[lane]
        self._envelope = Envelope(topic=topic, source=source)
        self._versions = VersionClock(now_ms)
        self._queue: ProducerQueue | None = None
        self._pid = 0
        self._closed = False

    @property
    def topic(self) -> str:
        """The lane's topic, with its prefix."""
        return self._envelope.topic

    def publish(self, event: PinEvent | Mapping[str, Any], *, traceparent: str | None = None) -> Delivery:
        """Queue an event and return its delivery: await it, call its ``result()``, or call ``flush`` later.

        A mapping is checked and completed as by ``event_from``. While the queue is full, plain code blocks here until
        there is room; under a running event loop the call returns at once, and awaiting the delivery waits. Events of
        a pin keep the order of these calls. Raises EventInvalid at once, and NotDelivered if there was no room in time.
        """
        if not isinstance(event, PinEvent):
            event = self._fill_in(event)
        self._versions.note(event.pin_id, event.version)
        return self._send(event, traceparent)

    def delete(self, pin_id: str, version: int | None = None, *, traceparent: str | None = None) -> Delivery:
        """Queue the deletion of a pin and return its delivery; blocks and raises as ``publish`` does.

        ``version`` defaults to the clock in ms. Give it if you number versions yourself: otherwise every later event
        of the pin would be older than the deletion.
        """
        valid_pin_id(pin_id)
        if version is None:
            version = self._versions.next(pin_id)
        elif not 0 < version <= MAX_VERSION:
            raise EventInvalid("headers.version", f"{version} is not from 1 to {MAX_VERSION}")
        self._versions.note(pin_id, version)
        return self._send(PinDeletion(pin_id, version), traceparent)

    def flush(self, timeout_s: float | None = None) -> tuple[str, ...]:
        """Wait until every event is delivered; return the pins that failed, or that still wait after ``timeout_s``.

        With None it waits for as long as a delivery may take. Each failure is reported once: those that a caller has
        awaited, or that an earlier flush returned, are left out.
        """
        queue = self._current()
        return queue.flush(self._flush_timeout_s(timeout_s)) if queue else ()

    async def aflush(self, timeout_s: float | None = None) -> tuple[str, ...]:
        """The same as ``flush``, without blocking the event loop."""
        return await asyncio.to_thread(self.flush, timeout_s)

    def close(self, timeout_s: float | None = None) -> tuple[str, ...]:
        """Flush, give up on events that still wait, and disconnect; returns what ``flush`` returns. Safe to repeat."""
        queue, self._closed = self._current(), True
        return queue.close(self._flush_timeout_s(timeout_s)) if queue else ()

    async def aclose(self, timeout_s: float | None = None) -> tuple[str, ...]:
        """The same as ``close``, without blocking the event loop."""
        return await asyncio.to_thread(self.close, timeout_s)

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        _raise_if_undelivered(self.close(self._exit_timeout_s(exc)), exc)

    async def __aenter__(self) -> Self:
        self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        _raise_if_undelivered(await self.aclose(self._exit_timeout_s(exc)), exc)

    def _fill_in(self, fields: Mapping[str, Any]) -> PinEvent:
        pin_id = fields.get("pin_id")
        if "version" not in fields and isinstance(pin_id, str):
            fields = {**fields, "version": self._versions.next(pin_id)}
        return event_from(fields)

    def _send(self, event: PinEvent | PinDeletion, traceparent: str | None) -> Delivery:
        record = self._envelope.wrap(event, at=datetime.now(UTC), traceparent=traceparent)
        queue = self._open()
        delivery = queue.submit(record)
        if not _in_event_loop():
            queue.wait_until_admitted(delivery)
            if delivery.failed():
                delivery.result()  # raises why
        return delivery

    def _current(self) -> ProducerQueue | None:
        """This process's queue; a forked process needs its own, since librdkafka's threads do not survive a fork."""
        return self._queue if self._pid == os.getpid() else None

    def _open(self) -> ProducerQueue:
        if self._closed:
            raise RuntimeError("this publisher is closed")
        queue = self._current()
        if queue is None:
            queue = ProducerQueue(self._opener(), self._settings.limits())
            self._queue, self._pid = queue, os.getpid()
            timeout_s = self._settings.delivery_timeout_s + _EXIT_MARGIN_S
            # Not __del__: a finalizer also runs when the program ends, while threads still work.
            weakref.finalize(self, _close_forgotten, queue, self._pid, timeout_s)
        return queue

    def _opener(self) -> OpenProducer:
        """How to connect. It must not refer to this object: the queue's thread would keep an unclosed one alive."""
        return self._settings.open

    def _exit_timeout_s(self, exc: BaseException | None) -> float | None:
        """None, for as long as a delivery may take; 0 if the caller gave up already and no broker is connected."""
        queue = self._current()
        return 0.0 if isinstance(exc, NotDelivered) and queue is not None and queue.is_cut_off else None

    def _flush_timeout_s(self, timeout_s: float | None) -> float:
        """By default twice the delivery timeout: an event may wait once for room, and once for its acknowledgement."""
        return 2 * self._settings.delivery_timeout_s + _EXIT_MARGIN_S if timeout_s is None else timeout_s


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _raise_if_undelivered(undelivered: tuple[str, ...], exc: BaseException | None) -> None:
    """Raise NotDelivered; only log it if the ``with`` block ends with ``exc`` already."""
    if undelivered and exc is None:
        named = ", ".join(undelivered[:10]) + (", ..." if len(undelivered) > 10 else "")
        raise NotDelivered(f"{len(undelivered)} pins were not delivered: {named}")
    if undelivered:
        log.warning("not delivered: %s", ", ".join(undelivered))


def _close_forgotten(queue: ProducerQueue, pid: int, timeout_s: float) -> None:
    """Flush when a publisher that nobody closed is garbage-collected, or the program ends."""
    if pid == os.getpid():
        undelivered = queue.close(timeout_s)
        if undelivered:
            log.warning(
                "not delivered: %s; a publisher that is closed raises this",
                ", ".join(undelivered),
            )
