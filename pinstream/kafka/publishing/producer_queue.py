"""A bounded queue in front of one Kafka producer, and the one thread that polls it."""

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from cachetools import FIFOCache
from confluent_kafka import KafkaError, KafkaException

from pinstream.errors import NotDelivered, PinstreamError
from pinstream.kafka.client_errors import is_fatal
from pinstream.kafka.publishing.delivery import Delivered, Delivery
from pinstream.kafka.publishing.failures import delivery_failure, last_reported
from pinstream.kafka.publishing.kafka_producer import OpenProducer
from pinstream.kafka.publishing.outgoing_record import OutgoingRecord

log = logging.getLogger(__name__)

_POLL_S: Final = 0.05
_MAX_FAILURES: Final = 100_000
_NO_BROKER: Final = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT, KafkaError._RESOLVE})


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How much may be in flight to Kafka at once, and how long an event may wait for room."""

    events: int
    size_bytes: int
    wait_s: float


class ProducerQueue:
    """Records in, deliveries out, in order and in bounded memory. Thread-safe; opens its producer at once."""

    def __init__(self, open_producer: OpenProducer, limits: QueueLimits) -> None:
        self._open_producer = open_producer
        self._limits = limits
        self._changed = threading.Condition()
        self._waiting: deque[tuple[OutgoingRecord, Delivery, float]] = deque()
        self._in_flight: dict[Delivery, int] = {}
        self._in_flight_bytes = 0
        self._failed: FIFOCache[str, Delivery] = FIFOCache(_MAX_FAILURES)
        self._last_error: KafkaError | None = None
        self._broken = False
        self._closed = False
        self._producer = open_producer(self._note_error)
        self._thread = threading.Thread(target=self._run, name="pinstream-publisher", daemon=True)
        self._thread.start()

    def submit(self, record: OutgoingRecord) -> Delivery:
        """Queue ``record`` behind those that wait; never blocks."""
        delivery = Delivery(
            record.pin_id, record.version, record.topic, last_reported=lambda: last_reported(self._last_error)
        )
        with self._changed:
            if self._closed:
                raise RuntimeError("this publisher is closed")
            self._waiting.append((record, delivery, time.monotonic() + self._limits.wait_s))
            failed = self._admit()
        _fail(failed)
        return delivery

    def wait_until_admitted(self, delivery: Delivery) -> None:
        """Block until the event was handed to the client, or has failed because there was no room in time.

        Returns at once in a delivery's callback: the thread that runs it is the one that makes room.
        """
        if threading.current_thread() is self._thread:
            return
        with self._changed:
            self._changed.wait_for(lambda: delivery in self._in_flight or delivery.done())

    @property
    def is_cut_off(self) -> bool:
        """Whether the client has lost, or never had, a connection since the last acknowledgement."""
        error = self._last_error
        return error is not None and error.code() in _NO_BROKER

    def flush(self, timeout_s: float) -> tuple[str, ...]:
        """Pins that still wait after ``timeout_s``, and those that failed and were not reported before."""
        with self._changed:
            self._changed.wait_for(lambda: not self._in_flight and not self._waiting, timeout_s)
            still_open = [*self._in_flight, *(delivery for _, delivery, _ in self._waiting)]
            failed = [delivery for delivery in self._failed.values() if not delivery.failure_seen]
            self._failed.clear()
        return tuple(dict.fromkeys(delivery.pin_id for delivery in [*failed, *still_open]))

    def close(self, timeout_s: float) -> tuple[str, ...]:
        """Flush, give up on what still waits, and end the thread; returns what flush returns. Safe to call twice."""
        undelivered = self.flush(timeout_s)
        with self._changed:
            self._closed = True
            given_up = [delivery for _, delivery, _ in self._waiting]
            self._waiting.clear()
            if self._in_flight:
                self._producer.purge()
        _fail([(delivery, _closed_error(delivery)) for delivery in given_up])
        self._thread.join()
        with self._changed:
            self._failed.clear()  # what was given up on is in ``undelivered``
            self._changed.notify_all()
        return undelivered

    def _run(self) -> None:
        while True:
            self._producer.poll(_POLL_S)
            with self._changed:
                if self._broken and not self._in_flight and not self._closed:
                    self._producer, self._broken = self._open_producer(self._note_error), False
                failed = self._expire() + self._admit()
                self._changed.notify_all()
                done = self._closed and not self._in_flight
            _fail(failed)
            if done:
                return

    def _admit(self) -> "list[_Failed]":
        """Hand records to the client, in order, while there is room; into an empty client any record fits."""
        failed: list[_Failed] = []
        while self._waiting and not self._broken and self._has_room(self._waiting[0][0].size_bytes):
            record, delivery, _ = self._waiting[0]
            try:
                self._hand_over(record, delivery)
            except BufferError:
                break  # librdkafka frees a record a moment after its callback; the next poll makes room
            except KafkaException as exc:
                self._forget(delivery)
                if is_fatal(exc.args[0]):
                    self._note_error(exc.args[0])
                    break  # the record stays first in the queue, for the client that replaces this one
                failed.append((delivery, self._failure(delivery, exc.args[0])))
            self._waiting.popleft()
        return failed

    def _hand_over(self, record: OutgoingRecord, delivery: Delivery) -> None:
        self._producer.produce(
            record.topic,
            record.value,
            record.key,
            headers=list(record.headers),
            timestamp=record.timestamp_ms,
            on_delivery=partial(self._finish, delivery),
        )
        self._in_flight[delivery] = record.size_bytes
        self._in_flight_bytes += record.size_bytes

    def _has_room(self, size_bytes: int) -> bool:
        return not self._in_flight or (
            len(self._in_flight) < self._limits.events and self._in_flight_bytes + size_bytes <= self._limits.size_bytes
        )

    def _expire(self) -> "list[_Failed]":
        """Fail events that have waited for room for longer than ``wait_s``."""
        failed: list[_Failed] = []
        while self._waiting and self._waiting[0][2] <= time.monotonic():
            _, delivery, _ = self._waiting.popleft()
            reason = (
                f"no room within {self._limits.wait_s:g} s: {len(self._in_flight):,} events "
                f"({self._in_flight_bytes:,} bytes) wait for Kafka{last_reported(self._last_error)}"
            )
            failed.append((delivery, self._remember(delivery, NotDelivered(f"pin {delivery.pin_id!r}: {reason}"))))
        return failed

    def _finish(self, delivery: Delivery, error: KafkaError | None, message: Any) -> None:
        with self._changed:
            if error is not None:
                result: Delivered | PinstreamError = self._failure(delivery, error)
            else:
                result = _delivered(delivery, message)
                self._last_error = None
                failed = self._failed.get(delivery.pin_id)
                if failed is not None and failed.version <= delivery.version:
                    del self._failed[delivery.pin_id]  # this event replaces the one that failed
        delivery.finish(result)
        with self._changed:
            self._forget(delivery)  # last: once flush returns, every callback must have run

    def _forget(self, delivery: Delivery) -> None:
        self._in_flight_bytes -= self._in_flight.pop(delivery, 0)

    def _failure(self, delivery: Delivery, error: KafkaError) -> PinstreamError:
        failure = delivery_failure(delivery.pin_id, delivery.topic, error, last=self._last_error)
        return self._remember(delivery, failure)

    def _remember(self, delivery: Delivery, failure: PinstreamError) -> PinstreamError:
        """Keep the failure for the next flush."""
        self._failed[delivery.pin_id] = delivery
        return failure

    def _note_error(self, error: KafkaError) -> None:
        """Note an error of the client itself; after a fatal one the client is replaced, once nothing is in flight."""
        # That all brokers are down follows the reason of each, which has the address in it.
        if self._last_error is None or error.code() != KafkaError._ALL_BROKERS_DOWN:
            self._last_error = error
        if is_fatal(error):
            self._broken = True
            log.error("Kafka's client gave up and is replaced: %s", error.str())
        else:
            log.info("Kafka: %s", error.str())


_Failed = tuple[Delivery, PinstreamError]


def _fail(failed: list[_Failed]) -> None:
    """Fail these deliveries. Call it without holding the lock: their callbacks may publish again."""
    for delivery, failure in failed:
        delivery.finish(failure)


def _delivered(delivery: Delivery, message: Any) -> Delivered:
    return Delivered(
        pin_id=delivery.pin_id,
        version=delivery.version,
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        timestamp_ms=message.timestamp()[1],
    )


def _closed_error(delivery: Delivery) -> NotDelivered:
    return NotDelivered(f"pin {delivery.pin_id!r}: the publisher was closed before there was room for it")
