"""Many small requests, few large calls: the mechanism that the row writer and the row reader share.

Milvus' cost is per call, so requests that arrive while a call is in flight are sent together in the next one.
While no call is in flight a request is sent at once: batching adds latency only where requests would queue anyway.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """When a batch is sent.

    At once while no call is in flight. While fewer than ``max_in_flight`` are: when it holds ``max_rows``, or when its
    oldest request has waited ``linger_s``. Otherwise when a call returns.
    """

    max_rows: int = 256
    linger_s: float = 0.005
    max_in_flight: int = 2
    max_waiting: int = 1024


@dataclass(slots=True, eq=False)
class _Waiting(Generic[T, R]):
    request: T
    rows: int
    key: Hashable | None
    since_s: float
    future: asyncio.Future[R] = field(repr=False)


class Batcher(Generic[T, R]):
    """Collects requests into calls of a blocking function, which run in threads of their own.

    ``call`` takes the requests of one batch and returns one answer for each, or an exception for one of them; if it
    raises, every request of the batch fails with that. Requests with an equal ``key`` that wait together are sent
    together, and are never in flight in two calls at once. A request is never split, so one may exceed ``max_rows``.
    """

    def __init__(
        self,
        call: Callable[[Sequence[T]], Sequence[R | Exception]],
        *,
        limits: BatchLimits,
        rows: Callable[[T], int],
        key: Callable[[T], Hashable | None] = lambda _: None,
    ) -> None:
        self._call = call
        self._limits = limits
        self._rows = rows
        self._key = key
        self._waiting: list[_Waiting[T, R]] = []
        self._keys_in_flight: set[Hashable] = set()
        self._in_flight: set[asyncio.Future[Sequence[R | Exception]]] = set()
        self._callers = 0
        self._capacity = asyncio.Semaphore(limits.max_waiting)
        self._timer: asyncio.TimerHandle | None = None
        self._threads = ThreadPoolExecutor(limits.max_in_flight, thread_name_prefix="index")

    async def submit(self, request: T) -> R:
        """The answer to ``request``; waits while ``max_waiting`` others do.

        A caller that is cancelled before its request was sent takes it back; after that it may or may not have run.
        """
        loop = asyncio.get_running_loop()
        self._callers += 1
        try:
            async with self._capacity:
                waiting = _Waiting[T, R](
                    request, self._rows(request), self._key(request), loop.time(), loop.create_future()
                )
                self._waiting.append(waiting)
                self._send_due()
                return await waiting.future
        finally:
            self._callers -= 1

    async def close(self) -> None:
        """Wait until every caller has its answer, and end the threads; submitting afterwards is an error."""
        while self._callers:  # not the calls in flight: those that return may send the next ones
            await (asyncio.wait(self._in_flight) if self._in_flight else asyncio.sleep(0))
        self._cancel_timer()
        self._threads.shutdown(wait=False)

    def _send_due(self) -> None:
        self._waiting = [waiting for waiting in self._waiting if not waiting.future.done()]  # without cancelled callers
        self._cancel_timer()
        while len(self._in_flight) < self._limits.max_in_flight:
            batch, full = self._next_batch()
            if not batch:
                return
            lingers_s = batch[0].since_s + self._limits.linger_s - asyncio.get_running_loop().time()
            if self._in_flight and not full and lingers_s > 0:
                self._timer = asyncio.get_running_loop().call_later(lingers_s, self._send_due)
                return
            self._send(batch)

    def _next_batch(self) -> tuple[list[_Waiting[T, R]], bool]:
        """The oldest requests whose key is not in flight, and whether no more fit.

        A request whose key is in the batch already joins it even beyond ``max_rows``: left behind, it could be written
        after a newer one of its key.
        """
        batch: list[_Waiting[T, R]] = []
        keys: set[Hashable] = set()
        rows, full = 0, False
        for waiting in self._waiting:
            if waiting.key in self._keys_in_flight:
                continue
            if waiting.key in keys:
                batch.append(waiting)
            elif batch and rows + waiting.rows > self._limits.max_rows:
                full = True
            elif not full:
                batch.append(waiting)
                rows += waiting.rows
                if waiting.key is not None:
                    keys.add(waiting.key)
        return batch, full or rows >= self._limits.max_rows

    def _send(self, batch: list[_Waiting[T, R]]) -> None:
        sent = {id(waiting) for waiting in batch}
        keys = {waiting.key for waiting in batch if waiting.key is not None}
        self._waiting = [waiting for waiting in self._waiting if id(waiting) not in sent]
        self._keys_in_flight |= keys
        requests = [waiting.request for waiting in batch]
        call = asyncio.get_running_loop().run_in_executor(self._threads, self._call, requests)
        self._in_flight.add(call)
        call.add_done_callback(lambda done: self._finish(done, batch, keys))

    def _finish(
        self, call: asyncio.Future[Sequence[R | Exception]], batch: list[_Waiting[T, R]], keys: set[Hashable]
    ) -> None:
        self._in_flight.discard(call)
        self._keys_in_flight -= keys
        error = call.exception()
        for i, waiting in enumerate(batch):
            if waiting.future.done():
                continue
            if error is not None:
                waiting.future.set_exception(error)
            elif isinstance(answer := call.result()[i], Exception):
                waiting.future.set_exception(answer)
            else:
                waiting.future.set_result(answer)
        self._send_due()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
