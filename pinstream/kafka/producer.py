"""A bounded queue in front of one Kafka producer, and the one thread that polls it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from cachetools import FIFOCache
from confluent_kafka import KafkaError, KafkaException

from pinstream.errors import EventInvalid, NotDelivered, PinstreamError
from pinstream.kafka.client_errors import advice
from pinstream.kafka.clients import OnError
from pinstream.kafka.delivery import Delivered, Delivery
from pinstream.kafka.outgoing_record import OutgoingRecord

log = logging.getLogger(__name__)

_POLL_S: Final = 0.05
_FAILURES_KEPT: Final = 100_000
_INVALID: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD})
"""Answers about the record itself: sending it again changes nothing."""
_NO_TOPIC: Final = frozenset(
    {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
)


class KafkaProducer(Protocol):
    """What is used of ``confluent_kafka.Producer``; callbacks run inside ``poll`` only."""

    def produce(
        self,
        topic: str,
        value: bytes | None,
        key: bytes,
        *,
        headers: Sequence[tuple[str, bytes]],
        timestamp: int,
        on_delivery: Callable[[KafkaError | None, Any], None],
    ) -> None:
        """Take a record without blocking; raises BufferError when full, KafkaException when it never will."""
        ...

    def poll(self, timeout: float) -> int:
        """Call back for what has been answered, waiting up to ``timeout`` seconds for something."""
        ...

    def purge(self) -> None:
        """Give up on everything; each record is still called back for."""
        ...


OpenProducer = Callable[[OnError], KafkaProducer]


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How much may wait for Kafka's answer at once, and how long an event may wait to be let in."""

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
        self._failed: FIFOCache[str, Delivery] = FIFOCache(_FAILURES_KEPT)
        self._last_error: KafkaError | None = None
        self._broken = False
        self._closed = False
        self._producer = open_producer(self._note)
        self._thread = threading.Thread(target=self._run, name="pinstream-publisher", daemon=True)
        self._thread.start()

    def submit(self, record: OutgoingRecord) -> Delivery:
        """Queue ``record`` behind what waits already; never blocks."""
        delivery = Delivery(record.pin_id, record.version, record.topic)
        with self._changed:
            if self._closed:
                raise RuntimeError("this publisher is closed")
            self._waiting.append((record, delivery, time.monotonic() + self._limits.wait_s))
            settled = self._admit()
        _settle(settled)
        return delivery

    def wait_admitted(self, delivery: Delivery) -> None:
        """Block until there was room for it, or the deadline for that has passed and it has failed.

        Not in a delivery's callback: the thread that it runs in is the one that makes room.
        """
        if threading.current_thread() is self._thread:
            return
        with self._changed:
            self._changed.wait_for(lambda: delivery in self._in_flight or delivery.done())

    def flush(self, timeout_s: float) -> tuple[str, ...]:
        """Pins that are open after ``timeout_s``, or have failed since the last call without anybody being told."""
        with self._changed:
            self._changed.wait_for(lambda: not self._in_flight and not self._waiting, timeout_s)
            open_still = [*self._in_flight, *(delivery for _, delivery, _ in self._waiting)]
            failed = [delivery for delivery in self._failed.values() if not delivery.failure_seen]
            self._failed.clear()
        return tuple(dict.fromkeys(delivery.pin_id for delivery in [*failed, *open_still]))

    def close(self, timeout_s: float) -> tuple[str, ...]:
        """Flush, give up on what is open then, and end the thread; says what flush says. Safe to call twice."""
        undelivered = self.flush(timeout_s)
        with self._changed:
            self._closed = True
            given_up = [delivery for _, delivery, _ in self._waiting]
            self._waiting.clear()
            if self._in_flight:
                self._producer.purge()
        _settle([(delivery, _closed(delivery)) for delivery in given_up])
        self._thread.join()
        with self._changed:
            self._failed.clear()  # what was given up on is told with ``undelivered``
            self._changed.notify_all()
        return undelivered

    def _run(self) -> None:
        while True:
            self._producer.poll(_POLL_S)
            with self._changed:
                if self._broken and not self._in_flight and not self._closed:
                    self._producer, self._broken = self._open_producer(self._note), False
                settled = self._expired() + self._admit()
                self._changed.notify_all()
                over = self._closed and not self._in_flight
            _settle(settled)
            if over:
                return

    def _admit(self) -> "list[_Settled]":
        """Hand over what there is room for, first come first served; a single record always fits."""
        failed: list[_Settled] = []
        while self._waiting and not self._broken and self._has_room(self._waiting[0][0].size_bytes):
            record, delivery, _ = self._waiting[0]
            try:
                self._hand_over(record, delivery)
            except BufferError:
                break  # librdkafka frees a record a moment after its callback; the next poll makes room
            except KafkaException as exc:
                self._forget(delivery)
                if exc.args[0].fatal() or exc.args[0].code() == KafkaError._FATAL:
                    self._note(exc.args[0])
                    break
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
            on_delivery=partial(self._answered, delivery),
        )
        self._in_flight[delivery] = record.size_bytes
        self._in_flight_bytes += record.size_bytes

    def _has_room(self, size_bytes: int) -> bool:
        return not self._in_flight or (
            len(self._in_flight) < self._limits.events and self._in_flight_bytes + size_bytes <= self._limits.size_bytes
        )

    def _expired(self) -> "list[_Settled]":
        failed: list[_Settled] = []
        while self._waiting and self._waiting[0][2] <= time.monotonic():
            _, delivery, _ = self._waiting.popleft()
            reason = (
                f"no room within {self._limits.wait_s:g} s: {len(self._in_flight):,} events "
                f"({self._in_flight_bytes:,} bytes) wait for Kafka{self._latest()}"
            )
            failed.append((delivery, self._remember(delivery, NotDelivered(f"pin {delivery.pin_id!r}: {reason}"))))
        return failed

    def _answered(self, delivery: Delivery, error: KafkaError | None, message: Any) -> None:
        with self._changed:
            if error is not None:
                outcome: Delivered | PinstreamError = self._failure(delivery, error)
            else:
                outcome = _acknowledged(delivery, message)
                self._last_error = None
                failed = self._failed.get(delivery.pin_id)
                if failed is not None and failed.version <= delivery.version:
                    del self._failed[delivery.pin_id]
        delivery.settle(outcome)
        with self._changed:
            self._forget(delivery)  # last: who has flushed may rely on every callback having run

    def _forget(self, delivery: Delivery) -> None:
        self._in_flight_bytes -= self._in_flight.pop(delivery, 0)

    def _failure(self, delivery: Delivery, error: KafkaError) -> PinstreamError:
        """The library's error in this package's words, remembered for the next flush."""
        cause = KafkaException(error)
        if error.code() in _INVALID:
            failure: PinstreamError = EventInvalid("$", f"pin {delivery.pin_id!r}: Kafka refuses it: {error.str()}")
        else:
            hint = f"; is there a topic {delivery.topic!r}?" if error.code() in _NO_TOPIC else ""
            failure = NotDelivered(f"pin {delivery.pin_id!r}: {error.str()}{hint}{self._latest()}")
        failure.__cause__ = cause
        return self._remember(delivery, failure)

    def _remember(self, delivery: Delivery, failure: PinstreamError) -> PinstreamError:
        self._failed[delivery.pin_id] = delivery
        return failure

    def _latest(self) -> str:
        error = self._last_error
        return "" if error is None else f" (last from Kafka: {error.str()}{advice(error)})"

    def _note(self, error: KafkaError) -> None:
        """What the client says about itself; after a fatal error it takes nothing more, and is replaced once empty."""
        self._last_error = error
        if error.fatal() or error.code() == KafkaError._FATAL:
            self._broken = True
            log.error("Kafka's client gave up and is replaced: %s", error.str())
        else:
            log.info("Kafka: %s", error.str())


_Settled = tuple[Delivery, PinstreamError]


def _settle(settled: list[_Settled]) -> None:
    """End deliveries outside the lock: their callbacks may publish again."""
    for delivery, failure in settled:
        delivery.settle(failure)


def _acknowledged(delivery: Delivery, message: Any) -> Delivered:
    return Delivered(
        pin_id=delivery.pin_id,
        version=delivery.version,
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        timestamp_ms=message.timestamp()[1],
    )


def _closed(delivery: Delivery) -> NotDelivered:
    return NotDelivered(f"pin {delivery.pin_id!r}: the publisher was closed before there was room for it")
