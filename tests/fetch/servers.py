"""Web servers and name servers for the tests of the fetcher."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from fetch.errors import FetchError, FetchRefused
from fetch.fetcher import Fetcher, FetchPolicy
from fetch.ssrf_policy import AddressPolicy
from pinstream.events import ImageRef

PICTURE = bytes(range(256)) * 40
HERE = FetchPolicy(
    addresses=AddressPolicy(allowed_networks=(ip_network("127.0.0.1/32"),)),
    max_bytes=64 * 1024,
    total_timeout_s=5.0,
    connect_timeout_s=2.0,
)

Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Names(AbstractResolver):
    """A name server that answers each question with the next address."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        address = self.addresses.pop(0) if len(self.addresses) > 1 else self.addresses[0]
        return [ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None: ...


@asynccontextmanager
async def site(*routes: web.RouteDef) -> AsyncIterator[str]:
    """The address of a web server with these routes."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    tcp = web.TCPSite(runner, "127.0.0.1", 0)
    await tcp.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_site(answer: Raw) -> AsyncIterator[str]:
    """The address of a server that speaks as ``answer`` likes, once the request's head has arrived."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def fetch(url: str, policy: FetchPolicy = HERE, *, resolver: AbstractResolver | None = None) -> bytes:
    async with Fetcher(policy, resolver=resolver) as fetcher:
        # Unvalidated, as a redirect may lead to what the contract would not let into an event.
        return await fetcher.fetch(ImageRef.model_construct(url=url))


def serving(body: bytes, *, status: int = 200, headers: dict[str, str] | None = None) -> web.RouteDef:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, headers=headers)

    return web.get("/pin", answer)


def redirecting(location: str, *, status: int = 302) -> web.RouteDef:
    return serving(b"", status=status, headers={"Location": location})


async def is_refused(url: str, policy: FetchPolicy, *, resolver: AbstractResolver | None = None) -> bool:
    try:
        await fetch(url, policy, resolver=resolver)
    except FetchError as exc:
        return isinstance(exc, FetchRefused)
    return False
