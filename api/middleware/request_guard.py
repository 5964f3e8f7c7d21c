"""The middleware in front of ``/v1``: API key, rate limit, and the largest body that is read."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ApiMetrics
from api.middleware.api_keys import ApiKeys
from api.middleware.callers import client_address
from api.middleware.problems import Problem, problem_response
from api.middleware.token_buckets import TokenBuckets, cost_of
from fetch.ssrf_policy import Network

MAX_JSON_BYTES: Final = 64 * 1024
"""Of a body that is no photo: parsing JSON takes many times its size, and blocks the event loop meanwhile."""
_LENS: Final = "/v1/lens"


class RequestGuard:
    """Refuses requests to ``/v1`` without a valid key (if any is set) or without tokens, and all bodies too large."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: ApiKeys,
        buckets: TokenBuckets,
        body_bytes: int,
        proxies: Sequence[Network],
        metrics: ApiMetrics,
    ) -> None:
        self._app = app
        self._keys = keys
        self._buckets = buckets
        self._body_bytes = body_bytes
        self._proxies = proxies
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        max_bytes = self._body_bytes if scope["path"] == _LENS else min(self._body_bytes, MAX_JSON_BYTES)
        problem = self._check_caller(scope, headers) or self._check_length(headers, max_bytes)
        if problem is not None:
            await problem_response(problem)(scope, receive, send)
            return
        await self._app(scope, self._limit_body(receive, max_bytes), send)

    def _check_caller(self, scope: Scope, headers: Headers) -> Problem | None:
        """Tokens are taken before the key is checked, or keys could be guessed at any rate."""
        cost = cost_of(scope["path"], scope["method"])
        if not cost:
            return None
        caller = client_address(scope, headers, self._proxies)
        has_no_key = False
        if self._keys.are_required:
            key_caller = self._keys.caller(headers)
            has_no_key, caller = key_caller is None, key_caller or caller
        scope.setdefault("state", {})["caller"] = caller
        wait_s = self._buckets.take(caller, cost)
        if wait_s:
            self._metrics.add("refused", "rate")
            return Problem(429, "too-many-requests", "this caller sends too many requests", retry_after_s=wait_s)
        if has_no_key:
            self._metrics.add("refused", "key")
            return Problem(401, "key-needed", "give an API key: `Authorization: Bearer KEY`")
        return None

    def _check_length(self, headers: Headers, max_bytes: int) -> Problem | None:
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > max_bytes:
            self._metrics.add("refused", "body")
            return Problem(413, "body-too-large", f"{length} bytes; the limit is {max_bytes}")
        return None

    def _limit_body(self, receive: Receive, max_bytes: int) -> Receive:
        """For bodies without a Content-Length: ends the request when too much has arrived."""
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > max_bytes:
                self._metrics.add("refused", "body")
                raise HTTPException(413, f"more than {max_bytes} bytes")
            return message

        return receive_limited
