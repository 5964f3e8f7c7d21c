"""When a call is repeated, as a generator of steps: the client sends, sleeps and reports the results."""

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from pinstream.errors import PinstreamError, ServiceUnavailable
from pinstream.http.parse import parse_error
from pinstream.http.requests import Call

Answer = TypeVar("Answer")

NOT_SENT: Final = "not sent"
UNANSWERED: Final = "unanswered"
_FIRST_WAIT_S: Final = 0.1
_MAX_WAIT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The response to one attempt; or ``status`` 0, ``failure`` (NOT_SENT or UNANSWERED) and the reason as ``body``."""

    status: int
    body: bytes = b""
    retry_after_s: float | None = None
    failure: str = ""


Step = Call[Any] | float
"""Send this call, or wait for this number of seconds."""


def retry_steps(
    call: Call[Answer], *, retry_for_s: float, draw: Callable[[float, float], float] = random.uniform
) -> Generator[Step, AttemptResult | None, Answer]:
    """Yields what to do next and expects the result of each call sent; returns the answer, or raises.

    A call is repeated only if that does no harm: it only reads, or it did not reach the service, or the service
    refused it and said when to try again (429 or 503 with ``Retry-After``). Waits add up to ``retry_for_s`` at most.
    """
    max_wait_s, left_s = _FIRST_WAIT_S, retry_for_s
    while True:
        result = yield call
        if result is None:
            raise TypeError("send the result of the call")
        if 200 <= result.status < 300:
            return call.read(result.body)
        error = _error(result)
        if not isinstance(error, ServiceUnavailable) or not _may_repeat(call, result):
            raise error
        wait_s = max(result.retry_after_s or 0.0, draw(0.0, max_wait_s))
        if wait_s > left_s:
            raise error
        yield wait_s
        left_s, max_wait_s = left_s - wait_s, min(max_wait_s * 2, _MAX_WAIT_S)


def _may_repeat(call: Call[Any], result: AttemptResult) -> bool:
    if call.method == "GET" or result.failure == NOT_SENT:
        return True
    return result.status in (429, 503) and result.retry_after_s is not None


def _error(result: AttemptResult) -> PinstreamError:
    if result.failure:
        return ServiceUnavailable(f"{result.failure}: {result.body.decode(errors='replace')}")
    return parse_error(result.status, result.body, retry_after_s=result.retry_after_s)
