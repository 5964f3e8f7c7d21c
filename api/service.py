"""The read service as a process: it listens, and ends in order."""

import logging
import socket

import uvicorn
from fastapi import FastAPI

from api.app import application
from api.backends import backends
from api.settings import ApiSettings

log = logging.getLogger(__name__)

_BACKLOG = 1024
_KEEP_ALIVE_S = 30


class CannotListen(Exception):
    """The service cannot run as it is set up; the message says what to change."""


class Server(uvicorn.Server):
    """Ends the streams before it waits for what is in flight."""

    def __init__(self, app: FastAPI, *, shutdown_s: float, connections: int | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                limit_concurrency=connections,
                timeout_graceful_shutdown=max(round(shutdown_s), 1),
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        log.info("the service stops: streams end, what is in flight is finished")
        self._app.state.parts.feed.close()
        await super().shutdown(sockets)


async def run(settings: ApiSettings) -> None:
    """Serve until told to stop (SIGTERM, SIGINT); raises StartRefused where it cannot listen."""
    listener = listening(settings.api.host, settings.api.port)
    host, port = listener.getsockname()[:2]
    log.info("open http://%s:%d", host, port)
    app = application(settings, backends)
    server = Server(app, shutdown_s=settings.api.shutdown_s, connections=settings.quota.connections)
    await server.serve(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections, bound before anything slow is opened."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as exc:
        raise CannotListen(f"PINSTREAM_API__HOST={host} PINSTREAM_API__PORT={port}: {exc.strerror}") from exc
    return listener
