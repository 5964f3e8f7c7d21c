"""The service on stand-ins behind a real socket, in a thread: for clients that block, and for streams."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.dependencies import Dependencies
from api.server import Server, bind_socket
from tests.api.fakes import Bench


@dataclass
class SocketService:
    """A running service."""

    address: str
    deps: Dependencies
    server: Server
    loop: asyncio.AbstractEventLoop

    def stop(self) -> None:
        """As SIGTERM does."""
        self.server.should_exit = True


@contextmanager
def serve_on_socket(bench: Bench) -> Iterator[SocketService]:
    """The bench's service at a random port of loopback."""
    app, listener = bench.app, bind_socket("127.0.0.1", 0)
    server, started = Server(app, shutdown_s=5), threading.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        asyncio.get_running_loop().call_soon(started.set)
        await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="served")
    thread.start()
    started.wait()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        while not server.started and thread.is_alive():
            thread.join(0.01)
        yield SocketService(address, app.state.dependencies, server, loops[0])
    finally:
        server.should_exit = True
        thread.join()
