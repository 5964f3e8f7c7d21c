"""What is fetched, what is refused, and what is worth a retry."""

import asyncio
import base64
import socket
from dataclasses import replace

import pytest
from aiohttp import ClientError, client_exceptions, web
from aiohttp.abc import ResolveResult

from fetch.errors import FetchError, FetchFailed, FetchRefused, from_client_error
from fetch.fetcher import Fetcher
from fetch.ssrf_policy import AddressForbidden
from pinstream.events import ImageRef
from tests.fetch.servers import HERE, PICTURE, Names, fetch, raw_site, serving, site


async def test_a_picture_is_fetched_whatever_its_content_type_says() -> None:
    async with site(serving(PICTURE, headers={"Content-Type": "text/html"})) as base:
        assert await fetch(f"{base}/pin") == PICTURE


async def test_an_inline_picture_is_its_bytes() -> None:
    async with Fetcher(HERE) as fetcher:
        inline = ImageRef(inline=base64.b64encode(PICTURE).decode())

        assert await fetcher.fetch(inline) == PICTURE


async def test_an_inline_picture_has_the_same_size_limit() -> None:
    async with Fetcher(replace(HERE, max_bytes=100)) as fetcher:
        with pytest.raises(FetchRefused, match="limit is 100"):
            await fetcher.fetch(ImageRef(inline=base64.b64encode(PICTURE).decode()))


async def test_a_picture_of_exactly_the_limit_is_fetched() -> None:
    async with site(serving(PICTURE)) as base:
        assert await fetch(f"{base}/pin", replace(HERE, max_bytes=len(PICTURE))) == PICTURE

        with pytest.raises(FetchRefused, match="limit"):
            await fetch(f"{base}/pin", replace(HERE, max_bytes=len(PICTURE) - 1))


async def test_the_request_carries_no_secrets_and_asks_for_plain_bytes() -> None:
    seen: dict[str, str] = {}

    async def answer(request: web.Request) -> web.Response:
        seen.update(request.headers)
        response = web.Response(body=PICTURE)
        response.set_cookie("tracker", "1")
        return response

    async with site(web.get("/pin", answer)) as base, Fetcher(HERE) as fetcher:
        await fetcher.fetch(ImageRef(url=f"{base}/pin"))
        await fetcher.fetch(ImageRef(url=f"{base}/pin"))

    assert seen["Accept-Encoding"] == "identity"
    assert not {"Cookie", "Authorization", "Referer"} & set(seen)


async def error_for(status: int) -> FetchError:
    async with site(serving(b"", status=status)) as base:
        with pytest.raises(FetchError, match=str(status)) as caught:
            await fetch(f"{base}/pin")
    return caught.value


async def test_an_answer_that_will_not_change_is_refused() -> None:
    statuses = [204, 206, 304, 400, 401, 403, 404, 405, 410, 418, 451]

    assert [status for status in statuses if not isinstance(await error_for(status), FetchRefused)] == []


async def test_an_answer_that_may_change_is_retryable() -> None:
    errors = {status: await error_for(status) for status in (408, 421, 425, 429, 500, 502, 503, 504, 599)}

    assert [
        status
        for status, error in errors.items()
        if not isinstance(error, FetchFailed) or error.retry_after_s is not None
    ] == []


async def test_a_host_that_drips_is_given_up_after_the_total_time() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw_site(answer) as base:
        with pytest.raises(FetchFailed, match=r"within 0\.3 s"):
            await fetch(f"{base}/pin", replace(HERE, total_timeout_s=0.3))


async def test_a_host_that_never_answers_is_given_up() -> None:
    async def answer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_site(answer) as base:
        with pytest.raises(FetchFailed, match="no picture within"):
            await fetch(f"{base}/pin", replace(HERE, total_timeout_s=0.2))


async def test_a_connection_that_is_reset_is_retryable() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        await writer.drain()
        writer.transport.abort()

    async with raw_site(answer) as base:
        with pytest.raises(FetchFailed):
            await fetch(f"{base}/pin")


async def test_a_name_that_does_not_resolve_is_retryable() -> None:
    class NoNames(Names):
        async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
            raise OSError(-2, "Name or service not known")

    with pytest.raises(FetchFailed, match=r"nowhere\.example"):
        await fetch("http://nowhere.example/pin", resolver=NoNames(""))


async def test_messages_show_neither_query_nor_user() -> None:
    async with site(serving(b"", status=404)) as base:
        with pytest.raises(FetchRefused) as caught:
            await fetch(f"{base}/pin?token=secret#secret")

    assert "secret" not in str(caught.value)


async def test_connections_to_one_host_are_bounded() -> None:
    busy = most = 0
    everyone_asked = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        if busy == 3:
            everyone_asked.set()
        await everyone_asked.wait()
        busy -= 1
        return web.Response(body=PICTURE)

    async with site(web.get("/pin", answer)) as base, Fetcher(replace(HERE, connections_per_host=3)) as fetcher:
        bodies = await asyncio.gather(*(fetcher.fetch(ImageRef(url=f"{base}/pin")) for _ in range(12)))

    assert bodies == [PICTURE] * 12
    assert most == 3


async def test_a_cancelled_fetch_leaves_the_fetcher_usable() -> None:
    release = asyncio.Event()
    arrived = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        arrived.set()
        await release.wait()
        return web.Response(body=b"")

    async with site(web.get("/slow", slow), serving(PICTURE)) as base, Fetcher(HERE) as fetcher:
        task = asyncio.create_task(fetcher.fetch(ImageRef(url=f"{base}/slow")))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        release.set()

        assert await fetcher.fetch(ImageRef(url=f"{base}/pin")) == PICTURE


FINAL_ERRORS = {
    "ClientConnectorCertificateError",
    "InvalidURL",
    "InvalidUrlClientError",
    "InvalidUrlRedirectClientError",
    "NonHttpUrlClientError",
    "NonHttpUrlRedirectClientError",
}
CLIENT_ERRORS = sorted(
    name for name, kind in vars(client_exceptions).items() if isinstance(kind, type) and issubclass(kind, ClientError)
)


def test_every_error_of_the_client_library_is_retryable_unless_it_is_final() -> None:
    refused = set()

    for name in CLIENT_ERRORS:
        kind = getattr(client_exceptions, name)
        sample = type("Sample", (kind,), {"__init__": lambda self: None, "__str__": lambda self: "words"})()
        if isinstance(from_client_error(sample, "http://pictures.example/pin"), FetchRefused):
            refused.add(name)

    assert refused == FINAL_ERRORS


def test_a_fetcher_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(Fetcher(HERE).fetch(ImageRef(url="http://93.184.216.34/pin")))


def test_a_refused_address_is_no_error_of_the_network() -> None:
    assert not issubclass(AddressForbidden, OSError)
