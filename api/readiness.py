"""Whether the service can answer now: one real search and one real inference, shared by all who ask within a second."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, Field

from api.feed.fresh_feed import FreshFeed
from api.middleware.error_handlers import problem_of
from api.middleware.problems import Problem
from api.search_threads import SearchThreads
from inference.errors import EmbeddingMismatch, InferenceError, ModelUnavailable, OtherModels
from pinstream.errors import IndexUnavailable, VectorIndexError
from pinstream.store.codes import CODE_BYTES

_TIMEOUT_S: Final = 5.0
_NO_ANSWER: Final = f"no answer within {_TIMEOUT_S:g} s"
_VALID_FOR_S: Final = 1.0
_ANY_CODE: Final = bytes(CODE_BYTES)

log = logging.getLogger(__name__)


class ReadyBody(BaseModel):
    """Whether the service can answer, and the state of what it needs."""

    ready: bool = Field(description="searches are answered, and the models' codes are those of the index")
    index: str = Field(description="`ok`, `busy`, or the kind of error")
    models: str = Field(description="`ok`, or the kind of error: Flashlight and Lens need them, other searches do not")
    kafka: str = Field(description="`ok`, or `away`: then no fresh pins arrive, and why a pin is missing is not known")


@dataclass(frozen=True, slots=True)
class ReadinessResult:
    """The body to answer with, and the problem if the service is not ready."""

    body: ReadyBody
    problem: Problem | None


class Readiness:
    """Checks at most once a second however many ask, since anybody may. Use it from one event loop."""

    def __init__(self, searches: SearchThreads, check_models: Callable[[], Awaitable[object]], feed: FreshFeed) -> None:
        self._searches = searches
        self._check_models = check_models
        self._feed = feed
        self._lock = asyncio.Lock()
        self._latest: ReadinessResult | None = None
        self._valid_until_s = 0.0
        self.clock: Callable[[], float] = time.monotonic

    async def check(self) -> ReadinessResult:
        """A result that is at most a second old.

        A busy index is ready: if it were not, a load balancer would move its load to the other instances.
        """
        async with self._lock:
            if self._latest is None or self.clock() >= self._valid_until_s:
                search = self._searches.run(lambda index: index.by_code(_ANY_CODE, limit=1))
                index, models = await asyncio.gather(
                    _error_of(search, IndexUnavailable(_NO_ANSWER)),
                    _error_of(self._check_models(), ModelUnavailable(_NO_ANSWER)),
                )
                self._latest = self._result(index, models)
                self._valid_until_s = self.clock() + _VALID_FOR_S
            return self._latest

    def _result(self, index: Exception | None, models: Exception | None) -> ReadinessResult:
        problem = _not_ready(index, models)
        body = ReadyBody(
            ready=problem is None,
            index=_state("index", index),
            models=_state("models", models),
            kafka="ok" if self._feed.is_connected else "away",
        )
        return ReadinessResult(body, problem)


async def _error_of(check: Awaitable[object], timeout_error: Exception) -> Exception | None:
    """What the index or the models raise, a Problem if the index is busy; any other error is a bug and goes on."""
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await check
    except TimeoutError:
        return timeout_error
    except (VectorIndexError, InferenceError, Problem) as exc:
        return exc
    return None


def _not_ready(index: Exception | None, models: Exception | None) -> Problem | None:
    """Without models, other searches still work. With other models than the index's, answers would be wrong."""
    if isinstance(index, VectorIndexError):
        return problem_of(index)
    return problem_of(models) if isinstance(models, EmbeddingMismatch | OtherModels) else None


def _state(part: str, error: Exception | None) -> str:
    """The kind of error for the answer; the message, which may name addresses of the network, goes to the log."""
    if error is None:
        return "ok"
    if isinstance(error, Problem):
        return "busy"
    log.warning("not ready: %s: %s", part, error)
    return type(error).__name__
