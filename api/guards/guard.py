"""Who may ask, how often and how much: keys, a token bucket for each caller, a limit on bodies."""

import hashlib
import hmac
import time
from collections.abc import Callable, Sequence
from typing import Final

from cachetools import LRUCache
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.guards.callers import address_of
from api.guards.problems import Problem, response_of
from api.metrics import ApiMetrics
from fetch.ssrf_policy import Network

KEY_COOKIE: Final = "pinstream_key"
JSON_BYTES: Final = 64 * 1024
"""Of a body that is no photo; JSON takes many times its size when it is read, and the event loop meanwhile."""
_LENS: Final = "/v1/lens"
_COSTS: Final = {"/v1/flashlight": 2.0, _LENS: 5.0}
_THUMBNAIL_COST: Final = 0.1


class Buckets:
    """Tokens for each caller: ``rate_per_s`` come in, up to ``burst``; the ``callers`` seen last are remembered."""

    def __init__(
        self, *, rate_per_s: float, burst: float, callers: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._clock = clock
        self._left: LRUCache[str, tuple[float, float]] = LRUCache(callers)

    def take(self, caller: str, tokens: float) -> float:
        """0 if ``caller`` had so many tokens, which now are gone; else in how many seconds there will be enough."""
        now_s = self._clock()
        left, then_s = self._left.get(caller, (self._burst, now_s))
        left = min(left + (now_s - then_s) * self._rate_per_s, self._burst)
        wanted = min(tokens, self._burst)
        wait_s = 0.0 if left >= wanted else (wanted - left) / self._rate_per_s
        self._left[caller] = (left if wait_s else left - wanted, now_s)
        return wait_s


class Keys:
    """API keys; comparing takes the same time whatever was given."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._digests = [_digest(key.get_secret_value().encode()) for key in keys]

    @property
    def wanted(self) -> bool:
        """Whether a key is needed at all."""
        return bool(self._digests)

    def owner(self, headers: Headers) -> str | None:
        """A name for the caller whose key this is; None where there is none or a wrong one."""
        given = _digest(_given_key(headers).encode("latin-1"))
        known = [hmac.compare_digest(given, digest) for digest in self._digests]
        return "key " + given.hex()[:16] if any(known) else None


class Guard:
    """Everything below ``/v1`` needs a key (if there are any) and tokens; no body may be larger than allowed."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: Keys,
        buckets: Buckets,
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
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        most = self._body_bytes if scope["path"] == _LENS else min(self._body_bytes, JSON_BYTES)
        refused = self._refusal(scope, headers) or self._too_large(headers, most)
        if refused is not None:
            await response_of(refused)(scope, receive, send)
            return
        await self._app(scope, self._counted(receive, most), send)

    def _refusal(self, scope: Scope, headers: Headers) -> Problem | None:
        cost = cost_of(scope["path"], scope["method"])
        if not cost:
            return None
        caller = address_of(scope, headers, self._proxies)
        stranger = False
        if self._keys.wanted:
            owner = self._keys.owner(headers)
            stranger, caller = owner is None, owner or caller
        scope.setdefault("state", {})["caller"] = caller
        wait_s = self._buckets.take(caller, cost)
        if wait_s:
            self._metrics.add("refused", "rate")
            return Problem(429, "too-many-requests", "more requests than this caller may make", retry_after_s=wait_s)
        if stranger:
            self._metrics.add("refused", "key")
            return Problem(401, "key-needed", "give an API key: `Authorization: Bearer KEY`")
        return None

    def _too_large(self, headers: Headers, most: int) -> Problem | None:
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > most:
            self._metrics.add("refused", "body")
            return Problem(413, "body-too-large", f"{length} bytes; at most {most} are taken")
        return None

    def _counted(self, receive: Receive, most: int) -> Receive:
        """The body's chunks, until there are too many of them."""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                self._metrics.add("refused", "body")
                raise HTTPException(413, f"more than {most} bytes")
            return message

        return counted


def cost_of(path: str, method: str) -> float:
    """How many tokens a request takes; 0 outside ``/v1`` and for what a browser asks before it asks."""
    if not path.startswith("/v1/") or method == "OPTIONS":
        return 0.0
    return _THUMBNAIL_COST if path.endswith("/thumbnail") else _COSTS.get(path, 1.0)


def _given_key(headers: Headers) -> str:
    """As it came, each byte a character."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    # As browsers do it: a cookie of somebody else that the standard library cannot read does not hide ours.
    return cookie_parser(headers.get("cookie", "")).get(KEY_COOKIE, "")


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
