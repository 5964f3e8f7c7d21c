"""Counts and times every answer by route. Nothing of a request is logged, least of all a photo."""

import time
from http import HTTPMethod
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ApiMetrics

_NO_ROUTE: Final = "none"
_METHODS: Final = frozenset(HTTPMethod)


class RequestMetrics:
    """Middleware; streams are counted and not timed."""

    def __init__(self, app: ASGIApp, *, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s, status, is_stream = time.monotonic(), 0, False

        async def observe_and_send(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                is_stream = any(value.startswith(b"text/event-stream") for _, value in message["headers"])
            await send(message)

        try:
            await self._app(scope, receive, observe_and_send)
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            # Callers may send any word as a method: a label for each would be a series for each.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.add("requests", route, method, str(status or 500))
            if not is_stream:
                self._metrics.observe("request", time.monotonic() - started_s, route)
