"""The stream of fresh pins: each change is read from the index once, encoded once, and sent to every open stream."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from api.endpoints.bodies import PinBody
from api.feed.recent_pins import PinChange
from api.metrics import ApiMetrics
from api.middleware.problems import Problem
from api.search_threads import SearchThreads
from pinstream.clock import now_ms
from pinstream.errors import PinUnknown, VectorIndexError
from pinstream.search.hits import IndexedPin

log = logging.getLogger(__name__)

HISTORY: Final = 500
"""Events that a reader who reconnects can still get."""
_BATCH: Final = 32
_RETRY_S: Final = 0.5
_HEARTBEAT: Final = b": heartbeat\n\n"
_RETRY_HINT: Final = b"retry: 2000\n\n"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One server-sent event, encoded, and the change that it reports."""

    serial: int
    change: PinChange
    frame: bytes


class FreshFeed:
    """Turns changes into events for all open streams; use it from one event loop."""

    def __init__(
        self,
        searches: SearchThreads,
        metrics: ApiMetrics,
        *,
        heartbeat_s: float,
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._searches = searches
        self._metrics = metrics
        self._heartbeat_s = heartbeat_s
        self._now_ms = now_ms
        self._waiting: deque[PinChange] = deque(maxlen=HISTORY)
        self._events: deque[FeedEvent] = deque(maxlen=HISTORY)
        self._last_serial = 0
        self._has_events = asyncio.Event()
        self._has_waiting = asyncio.Event()
        self._closing = False
        self._readers = 0
        self._connected = False
        self._started_ms = now_ms()

    @property
    def is_connected(self) -> bool:
        """Whether Kafka is being read."""
        return self._connected

    @property
    def last_event_id(self) -> str:
        """A stream opened with this continues after all events so far; if there were none, it is the time now."""
        return self._events[-1].change.event_id if self._events else f"{self._now_ms()}-"

    def add(self, change: PinChange) -> None:
        """A change to send once the index shows it."""
        self._waiting.append(change)
        self._has_waiting.set()

    def set_connected(self, is_connected: bool) -> None:
        self._connected = is_connected
        self._metrics.set("kafka_connected", is_connected)

    def close(self) -> None:
        """Every stream ends after the events so far."""
        self._closing = True
        self._has_events.set()

    async def run(self) -> None:
        """Send changes until cancelled; while the index does not answer, they wait."""
        while True:
            await self._has_waiting.wait()
            self._has_waiting.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH))]
                try:
                    await self._send(batch)
                except Exception:  # the outermost loop of this task: a bug may cost a batch, not the stream
                    log.exception("%d fresh pins could not be sent", len(batch))

    async def events(self, after: str | None) -> AsyncGenerator[bytes, None]:
        """Encoded events for one reader: those after the event ``after``, then new ones, and a comment as heartbeat.

        Ends with the service. A reader that falls more than 500 events behind misses the oldest of them.
        """
        self._readers += 1
        self._metrics.set("streams", self._readers)
        try:
            yield _RETRY_HINT
            sent = self._serial_of(after)
            while True:
                unsent = [event for event in self._events if event.serial > sent]
                for event in unsent:
                    yield event.frame
                    sent = event.serial
                if unsent:
                    continue
                if self._closing:
                    return
                try:
                    async with asyncio.timeout(self._heartbeat_s):
                        await self._has_events.wait()
                except TimeoutError:
                    yield _HEARTBEAT
        finally:
            self._readers -= 1
            self._metrics.set("streams", self._readers)

    def _serial_of(self, event_id: str | None) -> int:
        """The serial number of the last event that the reader has.

        An id of another instance, or from before a restart, is not found here: then its time decides.
        """
        if event_id is None:
            return self._last_serial
        serial = next((event.serial for event in self._events if event.change.event_id == event_id), None)
        if serial is not None:
            return serial
        at_ms = event_id.partition("-")[0]
        since_ms = int(at_ms) if at_ms.isascii() and at_ms.isdigit() and len(at_ms) < 16 else 0
        return next((event.serial - 1 for event in self._events if event.change.at_ms >= since_ms), self._last_serial)

    async def _send(self, batch: Sequence[PinChange]) -> None:
        wanted = {change.pin_id for change in batch if change.kind == "pin"}
        pins = await self._read_pins(wanted)
        for change in batch:
            data = self._encode(change, pins.get(change.pin_id))
            if data is not None:
                self._last_serial += 1
                frame = f"id: {change.event_id}\nevent: {change.kind}\ndata: ".encode() + data + b"\n\n"
                self._events.append(FeedEvent(self._last_serial, change, frame))
                self._metrics.add("fresh", change.kind)
        # Wakes every reader that waits now; each then looks for events after the last one that it sent.
        self._has_events.set()
        self._has_events.clear()

    def _encode(self, change: PinChange, pin: IndexedPin | None) -> bytes | None:
        """The event's data; None for a pin that has been deleted since."""
        if change.kind == "gone":
            return orjson.dumps({"pin_id": change.pin_id, "version": change.version})
        if pin is None:
            return None
        if change.at_ms >= self._started_ms:  # not of older pins, which are read again at a start
            self._metrics.observe("fresh", pin.age_s)
        return PinBody.model_validate(pin).model_dump_json().encode()

    async def _read_pins(self, pin_ids: set[str]) -> dict[str, IndexedPin]:
        while pin_ids:
            try:
                found = await self._searches.run(lambda index: index.get_many(pin_ids))
            except (VectorIndexError, Problem) as exc:
                log.warning("the stream of fresh pins waits for the index: %s", exc)
                await asyncio.sleep(_RETRY_S)
            else:
                return {pin_id: pin for pin_id, pin in found.items() if not isinstance(pin, PinUnknown)}
        return {}
