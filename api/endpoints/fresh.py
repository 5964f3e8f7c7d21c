"""``/v1/fresh``: the newest pins, once or as they become searchable."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from api.dependencies import PartsHere
from api.endpoints.bodies import FreshBody, PinBody
from api.guards.callers import CallerHere
from api.guards.deadline import TimedRoute
from api.guards.problems import declared

EVENT_STREAM: Final = "text/event-stream"
MOST: Final = 100

log = logging.getLogger(__name__)

router = APIRouter(tags=["fresh"], route_class=TimedRoute, responses=declared(422, 429, 503))


@router.get(
    "/v1/fresh",
    response_model=FreshBody,
    responses={
        200: {
            "description": "The newest pins, newest first; with `Accept: text/event-stream` a stream: `event: pin` "
            "with a pin, `event: gone` with `pin_id` and `version` of a deleted one, comments as heartbeat.",
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
        }
    },
)
async def fresh(
    request: Request,
    parts: PartsHere,
    caller: CallerHere,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 40,
    last_event_id: Annotated[str | None, Query(max_length=100, description="as the header `Last-Event-ID`")] = None,
    given: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
) -> Response | FreshBody:
    """The newest pins, or a stream of those that become searchable from now on, or from `last_event_id` on."""
    if EVENT_STREAM in request.headers.get("accept", ""):
        frames, place = parts.feed.events(given or last_event_id), parts.streams.place(caller)
        return EventStream(frames, place, stall_s=request.app.state.timeout_s)
    told = parts.feed.last_event_id
    pins = await parts.searches.ask(lambda index: index.newest(limit=limit))
    return FreshBody(pins=tuple(PinBody.model_validate(pin) for pin in pins), last_event_id=told)


class EventStream(StreamingResponse):
    """A stream in a place of its own, which it loses where the reader takes nothing for ``stall_s``."""

    def __init__(
        self, frames: AsyncGenerator[bytes, None], place: AbstractContextManager[None], *, stall_s: float
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(frames, headers=headers, media_type=EVENT_STREAM)
        self._frames, self._place, self._stall_s = frames, place, stall_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI; raises a Problem (429), before anything is sent, where there is no place."""

        async def in_time(message: Message) -> None:
            async with asyncio.timeout(self._stall_s):
                await send(message)

        try:
            with self._place:
                await super().__call__(scope, receive, in_time)
        except TimeoutError:
            log.warning("a stream was ended: its reader took nothing for %g s", self._stall_s)
        finally:
            await self._frames.aclose()  # now, not when the garbage collector comes by
