"""The limits of a request: its time, whatever it waits for (body, index, models, a picture's host), and its JSON."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.middleware.json_body import BoundedJsonRequest
from api.middleware.problems import Problem


class DeadlineRoute(APIRoute):
    """An endpoint that answers within ``timeout_s``, if need be with a problem (503), and whose JSON is bounded."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_in_time(request: Request) -> Response:
            timeout_s: float = request.app.state.timeout_s
            try:
                async with asyncio.timeout(timeout_s):
                    return await handle(BoundedJsonRequest(request.scope, request.receive))
            except TimeoutError as exc:
                detail = f"no answer within {timeout_s:g} s"
                raise Problem(503, "too-slow", detail, retry_after_s=timeout_s) from exc

        return handle_in_time
