"""Serves a folder over HTTP on loopback: ``python -m deploy.local.parts.picture_server FOLDER PORT``.

So that local pictures reach the worker like all others, through its fetch stage.
"""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from deploy.local.parts.picture_part import IDENTITY
from deploy.local.ports import HOST


def application(folder: Path) -> web.Application:
    """Every file below ``folder`` at its relative path; never a file outside it, not even through a link."""

    async def identify(_request: web.Request, response: web.StreamResponse) -> None:
        response.headers[IDENTITY] = str(folder)

    app = web.Application()
    app.on_response_prepare.append(identify)
    app.router.add_static("/", folder, follow_symlinks=False, show_index=False)
    return app


async def serve(folder: Path, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    runner = web.AppRunner(application(folder), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port, shutdown_timeout=1.0).start()
        await ended.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
