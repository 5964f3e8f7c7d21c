"""Whether a caller would be answered now: a real search and a real inference, shared by all who ask within a second."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, Field

from api.feed.fresh_feed import FreshFeed
from api.guards.problems import Problem, problem_of
from api.search_threads import SearchThreads
from inference.errors import EmbeddingMismatch, InferenceError, ModelUnavailable, OtherModels
from pinstream.errors import IndexUnavailable, VectorIndexError
from pinstream.store.codes import CODE_BYTES

_TIMEOUT_S: Final = 5.0
_HOLDS_S: Final = 1.0
_ANY_CODE: Final = bytes(CODE_BYTES)

log = logging.getLogger(__name__)


class ReadyBody(BaseModel):
    """What a caller would get now."""

    ready: bool = Field(description="searches are answered, and no codes are compared that have nothing in common")
    index: str = Field(description="`ok`, `busy`, or what is wrong")
    models: str = Field(description="`ok`, or what is wrong: Flashlight and Lens need them, searches do not")
    kafka: str = Field(description="`ok`, or `away`: fresh pins are not told, states of missing pins not known")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What was tried, and why that is not enough to be ready."""

    ready: ReadyBody
    why_not: Problem | None


class Readiness:
    """Tried once, however many ask: strangers may, and no gate holds them. Use it from one event loop."""

    def __init__(self, searches: SearchThreads, canary: Callable[[], Awaitable[object]], feed: FreshFeed) -> None:
        self._searches = searches
        self._canary = canary
        self._feed = feed
        self._trying = asyncio.Lock()
        self._tried: CheckResult | None = None
        self._until_s = 0.0
        self.clock: Callable[[], float] = time.monotonic

    async def now(self) -> CheckResult:
        """What was found at most a second ago. A full index is busy and ready: taking it away would fill the others."""
        async with self._trying:
            if self._tried is None or self.clock() >= self._until_s:
                index, models = await asyncio.gather(self._index(), self._models())
                self._tried = self._found(index, models)
                self._until_s = self.clock() + _HOLDS_S
            return self._tried

    def _found(self, index: VectorIndexError | Problem | None, models: InferenceError | None) -> CheckResult:
        why_not = _why_not(index, models)
        ready = ReadyBody(
            ready=why_not is None,
            index=_told("index", index),
            models=_told("models", models),
            kafka="ok" if self._feed.is_connected else "away",
        )
        return CheckResult(ready, why_not)

    async def _index(self) -> VectorIndexError | Problem | None:
        """What is wrong with the index; a Problem says that it is full."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._searches.ask(lambda index: index.by_code(_ANY_CODE, limit=1))
        except TimeoutError:
            return IndexUnavailable(f"no answer within {_TIMEOUT_S:g} s")
        except (VectorIndexError, Problem) as exc:
            return exc
        return None

    async def _models(self) -> InferenceError | None:
        """What is wrong with the models."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._canary()
        except TimeoutError:
            return ModelUnavailable(f"no answer within {_TIMEOUT_S:g} s")
        except InferenceError as exc:
            return exc
        return None


def _why_not(index: VectorIndexError | Problem | None, models: InferenceError | None) -> Problem | None:
    """Without the models the rest still serves; with others, answers would be wrong and look right."""
    if isinstance(index, VectorIndexError):
        return problem_of(index)
    return problem_of(models) if isinstance(models, EmbeddingMismatch | OtherModels) else None


def _told(part: str, error: Exception | None) -> str:
    """The kind of error for whoever asks, all of it for the log: this port may be open to the world."""
    if error is None:
        return "ok"
    if isinstance(error, Problem):
        return "busy"
    log.warning("not ready: %s: %s", part, error)
    return type(error).__name__
