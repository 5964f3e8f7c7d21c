"""Fresh pins for whoever listens: news looked up in the index once, written once, sent to every open stream."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from api.endpoints.bodies import PinBody
from api.feed.journal import News
from api.guards.problems import Problem
from api.metrics import ApiMetrics
from api.search_threads import SearchThreads
from pinstream.clock import now_ms
from pinstream.errors import PinUnknown, VectorIndexError
from pinstream.search.hits import IndexedPin

log = logging.getLogger(__name__)

KEPT: Final = 500
"""Events that a reader who comes back can still get."""
_BATCH: Final = 32
_AGAIN_S: Final = 0.5
_HEARTBEAT: Final = b": still here\n\n"
_OPENING: Final = b"retry: 2000\n\n"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One server-sent event, as it goes over the wire, and the news it tells."""

    serial: int
    news: News
    frame: bytes


class FreshFeed:
    """News in, events out; use it from one event loop."""

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
        self._waiting: deque[News] = deque(maxlen=KEPT)
        self._events: deque[FeedEvent] = deque(maxlen=KEPT)
        self._told = 0
        self._changed = asyncio.Event()
        self._arrived = asyncio.Event()
        self._closing = False
        self._readers = 0
        self._connected = False
        self._began_ms = now_ms()

    @property
    def is_connected(self) -> bool:
        """Whether Kafka is being read, so that news can come."""
        return self._connected

    @property
    def last_event_id(self) -> str:
        """From where on a stream goes on; before anything was heard, the time now."""
        return self._events[-1].news.event_id if self._events else f"{self._now_ms()}-"

    def hear(self, news: News) -> None:
        """Take in news; they are told once the index shows them."""
        self._waiting.append(news)
        self._arrived.set()

    def connected(self, is_connected: bool) -> None:
        """Take note of whether Kafka is being read."""
        self._connected = is_connected
        self._metrics.set("kafka_connected", is_connected)

    def close(self) -> None:
        """End every stream after what it has to say."""
        self._closing = True
        self._changed.set()

    async def run(self) -> None:
        """Look up what was heard, again and again, until cancelled. Without an index it only takes longer."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH))]
                try:
                    await self._tell(batch)
                except Exception:
                    log.exception("%d fresh pins are not told", len(batch))

    async def events(self, after: str | None) -> AsyncGenerator[bytes, None]:
        """Frames for one reader: what came after the event ``after``, then what comes; comments when nothing does.

        Ends when the service does. A reader slower than the pins misses the oldest.
        """
        self._readers += 1
        self._metrics.set("streams", self._readers)
        try:
            yield _OPENING
            told = self._serial_of(after)
            while True:
                news = [event for event in self._events if event.serial > told]
                for event in news:
                    yield event.frame
                    told = event.serial
                if news:
                    continue
                if self._closing:
                    return
                try:
                    async with asyncio.timeout(self._heartbeat_s):
                        await self._changed.wait()
                except TimeoutError:
                    yield _HEARTBEAT
        finally:
            self._readers -= 1
            self._metrics.set("streams", self._readers)

    def _serial_of(self, event_id: str | None) -> int:
        """The serial number of the last event that the reader has."""
        if event_id is None:
            return self._told
        known = next((event.serial for event in self._events if event.news.event_id == event_id), None)
        if known is not None:
            return known
        at_ms = event_id.partition("-")[0]
        since_ms = int(at_ms) if at_ms.isascii() and at_ms.isdigit() and len(at_ms) < 16 else 0
        return next((event.serial - 1 for event in self._events if event.news.at_ms >= since_ms), self._told)

    async def _tell(self, batch: Sequence[News]) -> None:
        wanted = {news.pin_id for news in batch if news.kind == "pin"}
        pins = await self._looked_up(wanted)
        for news in batch:
            data = self._data(news, pins.get(news.pin_id))
            if data is not None:
                self._told += 1
                frame = f"id: {news.event_id}\nevent: {news.kind}\ndata: ".encode() + data + b"\n\n"
                self._events.append(FeedEvent(self._told, news, frame))
                self._metrics.add("fresh", news.kind)
        self._changed.set()
        self._changed.clear()

    def _data(self, news: News, pin: IndexedPin | None) -> bytes | None:
        """What the event says; nothing of a pin that has been deleted since."""
        if news.kind == "gone":
            return orjson.dumps({"pin_id": news.pin_id, "version": news.version})
        if pin is None:
            return None
        if news.at_ms >= self._began_ms:
            self._metrics.observe("fresh", pin.age_s)
        return PinBody.model_validate(pin).model_dump_json().encode()

    async def _looked_up(self, pin_ids: set[str]) -> dict[str, IndexedPin]:
        while pin_ids:
            try:
                found = await self._searches.ask(lambda index: index.get_many(pin_ids))
            except (VectorIndexError, Problem) as exc:
                log.warning("fresh pins wait for the index: %s", exc)
                await asyncio.sleep(_AGAIN_S)
            else:
                return {pin_id: pin for pin_id, pin in found.items() if not isinstance(pin, PinUnknown)}
        return {}
