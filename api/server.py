"""The read service as a process: an HTTP server that finishes its answers before it stops."""

import logging
import socket

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.backends import connect_backends
from api.settings import ApiSettings

log = logging.getLogger(__name__)

_BACKLOG = 1024
_KEEP_ALIVE_S = 30


class CannotListen(Exception):
    """The address is taken or not this machine's; the message names the settings to change."""


class Server(uvicorn.Server):
    """Ends the streams of fresh pins first, which uvicorn would otherwise wait for."""

    def __init__(self, app: FastAPI, *, shutdown_s: float, connections: int | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="on",
                log_config=None,
                access_log=False,  # nothing of a request is logged
                server_header=False,
                proxy_headers=False,  # api.middleware.callers decides which proxies are trusted
                timeout_keep_alive=_KEEP_ALIVE_S,
                limit_concurrency=connections,
                timeout_graceful_shutdown=max(round(shutdown_s), 1),
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log.info("stopping: streams end, requests in flight are finished")
        self._app.state.dependencies.feed.close()
        await super().shutdown(sockets)


async def run(settings: ApiSettings) -> None:
    """Serve until SIGTERM or SIGINT; raises CannotListen."""
    listener = bind_socket(settings.api.host, settings.api.port)
    host, port = listener.getsockname()[:2]
    log.info("open http://%s:%d", host, port)
    app = create_app(settings, connect_backends)
    server = Server(app, shutdown_s=settings.api.shutdown_s, connections=settings.quota.connections)
    await server.serve(sockets=[listener])


def bind_socket(host: str, port: int) -> socket.socket:
    """A listening socket, bound before any connection is opened so that a taken port fails at once."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as exc:
        raise CannotListen(f"PINSTREAM_API__HOST={host} PINSTREAM_API__PORT={port}: {exc.strerror}") from exc
    return listener
