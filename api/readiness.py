"""Whether a caller would be answered now: a real search and a real inference, shared by all who ask within a second."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from pydantic import BaseModel, Field

from api.feed import Feed
from api.problems import Problem
from api.searches import Searches
from inference.errors import InferenceError
from pinstream.codes import CODE_BYTES
from pinstream.errors import VectorIndexError

_TIMEOUT_S: Final = 5.0
_HOLDS_S: Final = 1.0
_ANY_CODE: Final = bytes(CODE_BYTES)
_SERVES: Final = ("ok", "busy")

log = logging.getLogger(__name__)


class Ready(BaseModel):
    """What a caller would get now."""

    ready: bool = Field(description="searches are answered")
    index: str = Field(description="`ok`, `busy`, or what is wrong")
    models: str = Field(description="`ok`, or what is wrong: Flashlight and Lens need them, searches do not")
    kafka: str = Field(description="`ok`, or `away`: fresh pins are not told, states of missing pins not known")


class Readiness:
    """Tried once, however many ask: strangers may, and no gate holds them. Use it from one event loop."""

    def __init__(self, searches: Searches, canary: Callable[[], Awaitable[object]], feed: Feed) -> None:
        self._searches = searches
        self._canary = canary
        self._feed = feed
        self._trying = asyncio.Lock()
        self._tried: Ready | None = None
        self._until_s = 0.0
        self.clock: Callable[[], float] = time.monotonic

    async def now(self) -> Ready:
        """What was found at most a second ago. A full index is busy and ready: taking it away would fill the others."""
        async with self._trying:
            if self._tried is None or self.clock() >= self._until_s:
                index, models = await asyncio.gather(self._index(), self._models())
                kafka = "ok" if self._feed.is_connected else "away"
                self._tried = Ready(ready=index in _SERVES, index=index, models=models, kafka=kafka)
                self._until_s = self.clock() + _HOLDS_S
            return self._tried

    async def _index(self) -> str:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._searches.ask(lambda index: index.by_code(_ANY_CODE, limit=1))
        except Problem:
            return "busy"
        except (VectorIndexError, TimeoutError) as exc:
            return _told("index", exc)
        return "ok"

    async def _models(self) -> str:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._canary()
        except (InferenceError, TimeoutError) as exc:
            return _told("models", exc)
        return "ok"


def _told(part: str, error: Exception) -> str:
    """The kind of error for whoever asks, all of it for the log: this port may be open to the world."""
    log.warning("not ready: %s: %s", part, error)
    return type(error).__name__
