"""Every answer counted and timed, by route; nothing is logged of a request, least of all a photo."""

import time
from http import HTTPMethod
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ApiMetrics

_UNMATCHED: Final = "none"
_METHODS: Final = frozenset(HTTPMethod)


class RequestMetrics:
    """Counts answers and times those that are no streams."""

    def __init__(self, app: ASGIApp, *, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun_s, status, is_stream = time.monotonic(), 0, False

        async def seen(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                is_stream = any(value.startswith(b"text/event-stream") for _, value in message["headers"])
            await send(message)

        try:
            await self._app(scope, receive, seen)
        finally:
            route = getattr(scope.get("route"), "path", _UNMATCHED)
            method = scope["method"] if scope["method"] in _METHODS else "other"  # callers may send any word
            self._metrics.add("requests", route, method, str(status or 500))
            if not is_stream:
                self._metrics.observe("request", time.monotonic() - begun_s, route)
