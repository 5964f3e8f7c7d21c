"""Clients of a read service, for programs without a connection to Milvus. They only send and wait.

What is sent and how answers are read is in `pinstream.http.requests`; when a call is repeated, in
`pinstream.http.retries`.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Self, TypeVar, cast
from urllib.parse import urlsplit

from pinstream.errors import ServiceRefused
from pinstream.http import requests
from pinstream.http.requests import Call
from pinstream.http.retries import NOT_SENT, UNANSWERED, AttemptResult, Step, retry_steps

if TYPE_CHECKING:
    import httpx

P = ParamSpec("P")
Answer = TypeVar("Answer")
Steps = Generator[Step, AttemptResult | None, Answer]

TIMEOUT_S: Final = 10.0
RETRY_FOR_S: Final = 10.0


class PinstreamClient:
    """The products of the read service at ``url``. Thread-safe; every call blocks.

    ``key`` is the API key, if the service requires one. Each attempt ends within ``timeout_s`` seconds. While the
    service does not answer or is full, calls that are safe to repeat are repeated; the waits in between add up to
    ``retry_for_s`` seconds at most. Needs the extra: ``pip install 'pinstream[client]'``.

    Raises QueryInvalid (correct the argument), PinUnknown, PinNotIndexedYet, PinDead, PinDeleted or ObjectUnknown
    (there is no such pin or object), PictureGone (the pin has no picture any more), ServiceUnavailable (try again)
    and ServiceRefused (the key or the address is wrong; at once for an address without http:// or https://).
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
            base_url=_checked(url), headers=_headers(key), timeout=timeout_s, transport=transport, trust_env=False
        )
        self._retry_for_s = retry_for_s
        self.get = self._method(requests.get)
        self.newest = self._method(requests.newest)
        self.related = self._method(requests.related)
        self.similar = self._method(requests.similar)
        self.flashlight = self._method(requests.flashlight)
        self.lens = self._method(requests.lens)
        self.thumbnail = self._method(requests.thumbnail)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _method(self, build: Callable[P, Call[Answer]]) -> Callable[P, Answer]:
        def call(*args: P.args, **kwargs: P.kwargs) -> Answer:
            return self._run(retry_steps(build(*args, **kwargs), retry_for_s=self._retry_for_s))

        call.__doc__ = build.__doc__
        return call

    def _run(self, steps: Steps[Answer]) -> Answer:
        result: AttemptResult | None = None
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                return cast(Answer, end.value)
            result = None
            if not isinstance(step, Call):
                time.sleep(step)
                continue
            try:
                result = _result(self._http.send(_request(self._http, step)))
            except _httpx().TransportError as exc:
                result = _failure(exc, self._http.base_url)


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
            base_url=_checked(url), headers=_headers(key), timeout=timeout_s, transport=transport, trust_env=False
        )
        self._retry_for_s = retry_for_s
        self.get = self._method(requests.get)
        self.newest = self._method(requests.newest)
        self.related = self._method(requests.related)
        self.similar = self._method(requests.similar)
        self.flashlight = self._method(requests.flashlight)
        self.lens = self._method(requests.lens)
        self.thumbnail = self._method(requests.thumbnail)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _method(self, build: Callable[P, Call[Answer]]) -> Callable[P, Coroutine[None, None, Answer]]:
        async def call(*args: P.args, **kwargs: P.kwargs) -> Answer:
            return await self._run(retry_steps(build(*args, **kwargs), retry_for_s=self._retry_for_s))

        call.__doc__ = build.__doc__
        return call

    async def _run(self, steps: Steps[Answer]) -> Answer:
        result: AttemptResult | None = None
        while True:
            try:
                step = steps.send(result)
            except StopIteration as end:
                return cast(Answer, end.value)
            result = None
            if not isinstance(step, Call):
                await asyncio.sleep(step)
                continue
            try:
                result = _result(await self._http.send(_request(self._http, step)))
            except _httpx().TransportError as exc:
                result = _failure(exc, self._http.base_url)


def _httpx() -> ModuleType:
    try:
        import httpx  # noqa: PLC0415 (an optional extra)
    except ImportError as exc:
        raise ImportError("asking a read service needs the extra: pip install 'pinstream[client]'") from exc
    return httpx


def _checked(url: str) -> str:
    """The address as it is; raises ServiceRefused if no request can be sent there."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ServiceRefused(f"url is {url!r}; expected http://host:port or https://host:port")
    return url


def _headers(key: str | None) -> dict[str, str]:
    return {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})


def _request(http: "httpx.Client | httpx.AsyncClient", call: Call[Any]) -> "httpx.Request":
    headers = {"Content-Type": "application/octet-stream"} if call.photo is not None else {}
    return http.build_request(
        call.method, call.path, params=call.params, json=call.json, content=call.photo, headers=headers
    )


def _result(response: "httpx.Response") -> AttemptResult:
    after = response.headers.get("retry-after", "")
    return AttemptResult(response.status_code, response.content, float(after) if after.isdecimal() else None)


def _failure(error: Exception, address: object) -> AttemptResult:
    httpx = _httpx()
    was_not_sent = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
    return AttemptResult(0, f"{error!r} ({address})".encode(), failure=NOT_SENT if was_not_sent else UNANSWERED)
