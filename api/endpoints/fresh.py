"""``/v1/fresh``: the newest pins as a list, or as a stream of server-sent events."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from api.dependencies import Deps
from api.endpoints.bodies import FreshBody, PinBody
from api.middleware.callers import Caller
from api.middleware.deadline import DeadlineRoute
from api.middleware.problems import problem_responses

EVENT_STREAM: Final = "text/event-stream"
MAX_PINS: Final = 100

log = logging.getLogger(__name__)

router = APIRouter(tags=["fresh"], route_class=DeadlineRoute, responses=problem_responses(422, 429, 503))


@router.get(
    "/v1/fresh",
    response_model=FreshBody,
    responses={
        200: {
            "description": "The newest pins, newest first. With `Accept: text/event-stream` a stream: `event: pin` "
            "with a pin that became searchable, `event: gone` with `pin_id` and `version` of a deleted one, and "
            "comments as heartbeat.",
            "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
        }
    },
)
async def fresh(
    request: Request,
    deps: Deps,
    caller: Caller,
    limit: Annotated[int, Query(ge=1, le=MAX_PINS)] = 40,
    last_event_id: Annotated[str | None, Query(max_length=100, description="like the header `Last-Event-ID`")] = None,
    last_event_id_header: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
) -> Response | FreshBody:
    """The newest pins, or a stream of pins as they become searchable: from now on, or after `last_event_id`."""
    if EVENT_STREAM in request.headers.get("accept", ""):
        frames = deps.feed.events(last_event_id_header or last_event_id)
        return EventStream(frames, deps.streams.permit(caller), stall_s=request.app.state.timeout_s)
    newest_event_id = deps.feed.last_event_id  # before the search, so that a stream misses nothing after it
    pins = await deps.searches.run(lambda index: index.newest(limit=limit))
    return FreshBody(pins=tuple(PinBody.model_validate(pin) for pin in pins), last_event_id=newest_event_id)


class EventStream(StreamingResponse):
    """Holds a permit while it is open; ends if the reader accepts nothing for ``stall_s``."""

    def __init__(
        self, frames: AsyncGenerator[bytes, None], permit: AbstractContextManager[None], *, stall_s: float
    ) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(frames, headers=headers, media_type=EVENT_STREAM)
        self._frames, self._permit, self._stall_s = frames, permit, stall_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises a Problem (429) before anything is sent if no permit is left."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(self._stall_s):
                await send(message)

        try:
            with self._permit:
                await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            log.warning("stream ended: its reader accepted nothing for %g s", self._stall_s)
        finally:
            await self._frames.aclose()  # now, not when it is garbage collected: its reader is still counted
