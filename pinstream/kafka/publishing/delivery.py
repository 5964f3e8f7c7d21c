"""What became of one published event, for threads and for coroutines alike."""

import asyncio
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from pinstream.errors import NotDelivered, PinstreamError


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where Kafka put an event, acknowledged by every in-sync replica."""

    pin_id: str
    version: int
    topic: str
    partition: int
    offset: int
    timestamp_ms: int


class Delivery:
    """An event on its way: ``await`` it, or call ``result()`` from plain code.

    A cancelled wait, or one that timed out, does not cancel the event: it may still be delivered.
    """

    def __init__(self, pin_id: str, version: int, topic: str, *, last_reported: Callable[[], str] = str) -> None:
        self.pin_id = pin_id
        self.version = version
        self.topic = topic
        self._last_reported = last_reported
        self.failure_seen = False
        """Whether the failure was raised to a caller."""
        self._future: Future[Delivered] = Future()
        self._future.set_running_or_notify_cancel()  # otherwise a cancelled ``await`` would cancel the event

    def __await__(self) -> Generator[Any, None, Delivered]:
        try:
            return (yield from asyncio.wrap_future(self._future).__await__())
        except PinstreamError:
            self.failure_seen = True
            raise

    def result(self, timeout_s: float | None = None) -> Delivered:
        """Block until Kafka has acknowledged the event, and return where it is.

        Raises NotDelivered (publish it again), also after ``timeout_s``: then the event may still be delivered. Without
        ``timeout_s`` it waits until the delivery succeeds or fails.
        """
        try:
            return self._future.result(timeout_s)
        except TimeoutError as exc:
            cause = self._last_reported()
            raise NotDelivered(f"pin {self.pin_id!r}: no answer from Kafka within {timeout_s} s{cause}") from exc
        except PinstreamError:
            self.failure_seen = True
            raise

    def done(self) -> bool:
        """Whether the event has been delivered or has failed."""
        return self._future.done()

    def failed(self) -> bool:
        """Whether the event has failed; False while it is on its way."""
        return self._future.done() and self._future.exception() is not None

    def add_done_callback(self, callback: Callable[["Delivery"], None]) -> None:
        """Call ``callback`` with this delivery once it is done, in the publisher's thread: it must not block."""
        self._future.add_done_callback(lambda _: callback(self))

    def finish(self, result: Delivered | PinstreamError) -> None:
        """Set the result; only the publisher calls this, once."""
        if isinstance(result, Delivered):
            self._future.set_result(result)
        else:
            self._future.set_exception(result)
