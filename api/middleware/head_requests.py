"""Answers HEAD as GET, without the body, at every address."""

from contextlib import suppress

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadRequests:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                _allow_head(MutableHeaders(scope=message))
            if not is_head or message["type"] == "http.response.start":
                await send(message)
            elif message["type"] == "http.response.body":
                await send({"type": "http.response.body"})
                if message.get("more_body"):
                    raise _AnswerSent

        with suppress(_AnswerSent):
            await self._app({**scope, "method": "GET"} if is_head else scope, receive, send_head)


class _AnswerSent(BaseException):
    """Ends the endpoint once a HEAD is answered: the body of a stream would never end.

    Not an Exception, which Starlette would log as a bug of the endpoint.
    """


def _allow_head(headers: MutableHeaders) -> None:
    allowed = headers.get("allow", "").split(", ")
    if "GET" in allowed and "HEAD" not in allowed:
        headers["allow"] = ", ".join([*allowed, "HEAD"])
