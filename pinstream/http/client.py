"""The products over HTTP, for services that hold no connection to Milvus: one contract, two thin shells.

What to send and what to make of the answer is in `pinstream.http.requests`; when to try again, in `attempts`, which
knows neither a network nor a clock. The two clients only send and sleep.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Self, TypeVar, cast

from pinstream.errors import PinstreamError, ServiceUnavailable
from pinstream.http import requests
from pinstream.http.requests import Call

if TYPE_CHECKING:
    import httpx

P = ParamSpec("P")
Answer = TypeVar("Answer")

TIMEOUT_S: Final = 10.0
RETRY_FOR_S: Final = 10.0
_FIRST_WAIT_S: Final = 0.1
_MAX_WAIT_S: Final = 2.0
_NOT_SENT: Final = "not sent"
_UNANSWERED: Final = "unanswered"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back of one attempt; ``status`` 0 where nothing did, and ``lost`` says how."""

    status: int
    body: bytes = b""
    retry_after_s: float | None = None
    lost: str = ""


Step = Call[Any] | float
"""Send this, or wait so many seconds."""


def attempts(
    call: Call[Answer], *, retry_for_s: float, draw: Callable[[float, float], float] = random.uniform
) -> Generator[Step, Reply, Answer]:
    """The steps to an answer: yields what to do, is sent what came of it, returns the answer or raises.

    Repeated are only calls that a repetition cannot harm: those that read, and those that the service refused with
    an hour to come back at (429, 503), or that never reached it. In all no longer than ``retry_for_s`` is waited.
    """
    ceiling_s, left_s = _FIRST_WAIT_S, retry_for_s
    while True:
        reply = yield call
        if 200 <= reply.status < 300:
            return call.read(reply.body)
        error = _error(reply)
        if not isinstance(error, ServiceUnavailable) or not _may_repeat(call, reply):
            raise error
        wait_s = max(reply.retry_after_s or 0.0, draw(0.0, ceiling_s))
        if wait_s > left_s:
            raise error
        yield wait_s
        left_s, ceiling_s = left_s - wait_s, min(ceiling_s * 2, _MAX_WAIT_S)


def _may_repeat(call: Call[Any], reply: Reply) -> bool:
    if call.method == "GET" or reply.lost == _NOT_SENT:
        return True
    return reply.status in (429, 503) and reply.retry_after_s is not None


def _error(reply: Reply) -> PinstreamError:
    if reply.lost:
        return ServiceUnavailable(f"{reply.lost}: {reply.body.decode(errors='replace')}")
    import orjson  # noqa: PLC0415 (loaded when it is needed)

    try:
        told = orjson.loads(reply.body)
    except ValueError:
        told = {}
    return requests.error_of(reply.status, told if isinstance(told, dict) else {}, retry_after_s=reply.retry_after_s)


class PinstreamClient:
    """The products of a read service at ``url``. Calls block and are thread-safe; each ends within ``timeout_s``.

    Refusals for want of room are waited out for up to ``retry_for_s`` in all. Raises QueryInvalid, PinUnknown (and
    what it is in particular), ObjectUnknown, PictureGone, ServiceUnavailable (try again), ServiceRefused.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_s: float = TIMEOUT_S,
        retry_for_s: float = RETRY_FOR_S,
        transport: "httpx.BaseTransport | None" = None,
    ) -> None:
        self._http = _httpx().Client(
            base_url=url, headers=_headers(key), timeout=timeout_s, transport=transport, trust_env=False
        )
        self._retry_for_s = retry_for_s
        self.get = self._blocking(requests.get)
        self.newest = self._blocking(requests.newest)
        self.related = self._blocking(requests.related)
        self.similar = self._blocking(requests.similar)
        self.flashlight = self._blocking(requests.flashlight)
        self.lens = self._blocking(requests.lens)
        self.thumbnail = self._blocking(requests.thumbnail)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _blocking(self, build: Callable[P, Call[Answer]]) -> Callable[P, Answer]:
        def ask(*args: P.args, **kwargs: P.kwargs) -> Answer:
            return self._ended(attempts(build(*args, **kwargs), retry_for_s=self._retry_for_s))

        ask.__doc__ = build.__doc__
        return ask

    def _ended(self, steps: Generator[Step, Reply, Answer]) -> Answer:
        came = None
        while True:
            try:
                step = steps.send(came) if came else next(steps)
            except StopIteration as ended:
                return cast(Answer, ended.value)
            came = None
            if not isinstance(step, Call):
                time.sleep(step)
                continue
            try:
                came = _reply(self._http.send(_request(self._http, step)))
            except _httpx().TransportError as exc:
                came = _lost(exc)


class AsyncPinstreamClient:
    """A PinstreamClient for event loops: the same calls as coroutines."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        timeout_s: float = TIMEOUT_S,
        retry_for_s: float = RETRY_FOR_S,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self._http = _httpx().AsyncClient(
            base_url=url, headers=_headers(key), timeout=timeout_s, transport=transport, trust_env=False
        )
        self._retry_for_s = retry_for_s
        self.get = self._awaited(requests.get)
        self.newest = self._awaited(requests.newest)
        self.related = self._awaited(requests.related)
        self.similar = self._awaited(requests.similar)
        self.flashlight = self._awaited(requests.flashlight)
        self.lens = self._awaited(requests.lens)
        self.thumbnail = self._awaited(requests.thumbnail)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _awaited(self, build: Callable[P, Call[Answer]]) -> Callable[P, Coroutine[None, None, Answer]]:
        async def ask(*args: P.args, **kwargs: P.kwargs) -> Answer:
            return await self._ended(attempts(build(*args, **kwargs), retry_for_s=self._retry_for_s))

        ask.__doc__ = build.__doc__
        return ask

    async def _ended(self, steps: Generator[Step, Reply, Answer]) -> Answer:
        came = None
        while True:
            try:
                step = steps.send(came) if came else next(steps)
            except StopIteration as ended:
                return cast(Answer, ended.value)
            came = None
            if not isinstance(step, Call):
                await asyncio.sleep(step)
                continue
            try:
                came = _reply(await self._http.send(_request(self._http, step)))
            except _httpx().TransportError as exc:
                came = _lost(exc)


def _httpx() -> ModuleType:
    try:
        import httpx  # noqa: PLC0415 (an optional extra)
    except ImportError as exc:
        raise ImportError("asking a read service needs the extra: pip install 'pinstream[client]'") from exc
    return httpx


def _headers(key: str | None) -> dict[str, str]:
    return {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})


def _request(http: "httpx.Client | httpx.AsyncClient", call: Call[Any]) -> "httpx.Request":
    photo = {"Content-Type": "application/octet-stream"} if call.photo is not None else {}
    return http.build_request(
        call.method, call.path, params=call.params, json=call.json, content=call.photo, headers=photo
    )


def _reply(response: "httpx.Response") -> Reply:
    after = response.headers.get("retry-after", "")
    return Reply(response.status_code, response.content, float(after) if after.isdecimal() else None)


def _lost(error: Exception) -> Reply:
    """What an attempt came to that no answer came back of."""
    httpx = _httpx()
    before = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return Reply(0, repr(error).encode(), lost=_NOT_SENT if before else _UNANSWERED)
