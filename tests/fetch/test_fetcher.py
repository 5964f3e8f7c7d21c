import asyncio
import base64
import gzip
import os
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientError, client_exceptions, web
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import example, given
from hypothesis import strategies as st

from fetch.errors import FetchError, FetchFailed, FetchRefused, from_client_error
from fetch.fetcher import Fetcher, FetchPolicy
from fetch.responses import parse_retry_after_s
from fetch.ssrf_policy import AddressForbidden, AddressPolicy, networks
from pinstream.events import ImageRef

PICTURE = bytes(range(256)) * 40
HERE = FetchPolicy(
    addresses=AddressPolicy(allowed_networks=networks(["127.0.0.1/32"])),
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


@pytest.mark.parametrize(("header", "wait_s"), [("7", 7.0), ("86400", 60.0), ("soon", None), ("", None)])
async def test_the_wait_a_host_asks_for_is_reported_and_capped(header: str, wait_s: float | None) -> None:
    async with site(serving(b"", status=429, headers={"Retry-After": header})) as base:
        with pytest.raises(FetchFailed) as caught:
            await fetch(f"{base}/pin")

    assert caught.value.retry_after_s == wait_s


def test_a_wait_may_be_given_as_a_date() -> None:
    assert parse_retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT", now_s=1445412470.0) == 10.0
    assert parse_retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT", now_s=1545412470.0) == 0.0


@given(st.text(max_size=40))
def test_any_wait_header_is_read_or_ignored(header: str) -> None:
    wait_s = parse_retry_after_s(header, now_s=0.0)

    assert wait_s is None or wait_s >= 0.0


async def test_a_body_without_end_is_cut_off_at_the_limit() -> None:
    sent = 0

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + bytes(4096) + b"\r\n")
            sent += 4096
            await writer.drain()

    async with raw_site(answer) as base:
        with pytest.raises(FetchRefused, match="limit is 65536"):
            await fetch(f"{base}/pin")

    assert sent < 64 * 1024 * 1024


async def test_a_length_over_the_limit_is_refused_before_its_body() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
        await reader.read()

    async with raw_site(answer) as base:
        with pytest.raises(FetchRefused, match="999999999999 bytes"):
            await fetch(f"{base}/pin")


async def test_a_body_shorter_than_announced_is_retryable() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
        await writer.drain()

    async with raw_site(answer) as base:
        with pytest.raises(FetchFailed):
            await fetch(f"{base}/pin")


async def test_a_body_longer_than_announced_never_grows_past_its_length() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npictogram")
        await writer.drain()

    async with raw_site(answer) as base:
        with suppress(FetchFailed):  # where the rest arrives at once, it is a broken answer
            assert await fetch(f"{base}/pin") == b"pict"


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


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Fill: " + b"a" * 200_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00\xff" * 50,
    ],
    ids=["nothing", "negative length", "two lengths", "broken chunk", "huge header", "another protocol", "noise"],
)
async def test_a_host_that_speaks_no_proper_http_is_retryable(head: bytes) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await writer.drain()

    async with raw_site(answer) as base:
        with pytest.raises(FetchFailed):
            await fetch(f"{base}/pin")


async def test_a_connection_that_is_reset_is_retryable() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
        await writer.drain()
        writer.transport.abort()

    async with raw_site(answer) as base:
        with pytest.raises(FetchFailed):
            await fetch(f"{base}/pin")


async def test_a_port_where_nobody_listens_is_retryable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))

        with pytest.raises(FetchFailed):
            await fetch(f"http://127.0.0.1:{unused.getsockname()[1]}/pin")


async def test_a_name_that_does_not_resolve_is_retryable() -> None:
    class NoNames(Names):
        async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
            raise OSError(-2, "Name or service not known")

    with pytest.raises(FetchFailed, match=r"nowhere\.example"):
        await fetch("http://nowhere.example/pin", resolver=NoNames(""))


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZip"])
async def test_a_compressed_answer_is_inflated(encoding: str) -> None:
    body = zlib.compress(PICTURE) if encoding == "deflate" else gzip.compress(PICTURE)

    async with site(serving(body, headers={"Content-Encoding": encoding})) as base:
        assert await fetch(f"{base}/pin") == PICTURE


@pytest.mark.parametrize("layers", [1, 2])
async def test_a_compression_bomb_is_cut_off_at_the_limit(layers: int) -> None:
    bomb = bytes(50_000_000)
    for _ in range(layers):
        bomb = gzip.compress(bomb)

    async with site(serving(bomb, headers={"Content-Encoding": "gzip"})) as base:
        if layers == 1:
            with pytest.raises(FetchRefused, match="limit is"):
                await fetch(f"{base}/pin", replace(HERE, max_bytes=1_000_000))
        else:
            assert len(await fetch(f"{base}/pin", replace(HERE, max_bytes=1_000_000))) < 1_000_000


@pytest.mark.parametrize(("encoding", "body"), [("br", b"\x0b\x00\x80x"), ("gzip", PICTURE), ("gzip, gzip", b"")])
async def test_an_encoding_that_cannot_be_undone_is_refused(encoding: str, body: bytes) -> None:
    async with site(serving(body, headers={"Content-Encoding": encoding})) as base:
        with pytest.raises(FetchRefused):
            await fetch(f"{base}/pin")


async def test_a_redirect_is_followed() -> None:
    for status in (301, 302, 303, 307, 308):
        async with site(serving(PICTURE)) as target, site(redirecting(f"{target}/pin", status=status)) as base:
            assert await fetch(f"{base}/pin") == PICTURE, status


async def test_a_relative_redirect_is_followed() -> None:
    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("pin?size=full")

    async with site(serving(PICTURE), web.get("/old", moved)) as base:
        assert await fetch(f"{base}/old") == PICTURE


async def test_a_redirect_loop_ends_at_the_limit() -> None:
    asked = 0

    async def loop(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        raise web.HTTPFound("/pin")

    async with site(web.get("/pin", loop)) as base:
        with pytest.raises(FetchRefused, match="more than 2 redirects"):
            await fetch(f"{base}/pin", replace(HERE, max_redirects=2))

    assert asked == 3


FORBIDDEN_TARGETS = [
    "http://127.0.0.2/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[fe80::1%25lo]/",
    "http://0.0.0.0/",
    "http://0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://localhost/",
    "http://１２７.０.０.２/",
    "http://ⓛocalhost/",
    "http://10.0.0.1:6379/",
    "http://user:secret@93.184.216.34/",
    "http://user@93.184.216.34/",
    "http://93.184.216.34:22/",
    "http:///pin",
    "http://",
    "https://",
    "http://[::1/",
    "http://a..b/",
    "http://example.com:99999/",
    "http://example.com:abc/",
    "http://" + "a" * 300 + ".example/",
    "ftp://example.com/pin.jpg",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "data:image/png;base64,iVBORw0KGgo=",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "s3://bucket/key",
    "//127.0.0.2/pin",
    "pin.jpg",
    "",
]


async def test_a_forbidden_address_is_refused() -> None:
    policy = replace(HERE, addresses=AddressPolicy())

    assert [target for target in FORBIDDEN_TARGETS if target and not await is_refused(target, policy)] == []


async def test_a_redirect_to_a_forbidden_address_is_refused() -> None:
    policy = replace(HERE, addresses=AddressPolicy(allowed_hosts=frozenset({"pictures.internal"})))
    followed = []

    for target in FORBIDDEN_TARGETS:
        if target != "pin.jpg" and target.isascii():
            async with site(redirecting(target)) as base:
                start = f"{base.replace('127.0.0.1', 'pictures.internal')}/pin"
                if not await is_refused(start, policy, resolver=Names("127.0.0.1")):
                    followed.append(target)

    assert not followed


async def is_refused(url: str, policy: FetchPolicy, *, resolver: AbstractResolver | None = None) -> bool:
    try:
        await fetch(url, policy, resolver=resolver)
    except FetchError as exc:
        return isinstance(exc, FetchRefused)
    return False


async def test_a_redirect_without_location_is_refused() -> None:
    async with site(serving(b"", status=302)) as base:
        with pytest.raises(FetchRefused, match="without a usable Location"):
            await fetch(f"{base}/pin")


async def test_a_name_that_resolves_to_a_forbidden_address_is_refused_and_never_connected() -> None:
    async with site(serving(PICTURE)) as base:
        port = base.rsplit(":", 1)[1]
        policy = replace(HERE, addresses=AddressPolicy(ports=frozenset({int(port)})))

        with pytest.raises(FetchRefused, match="not a public address"):
            await fetch(f"http://pictures.example:{port}/pin", policy, resolver=Names("127.0.0.1"))


async def test_a_name_that_changes_its_address_after_the_check_gains_nothing() -> None:
    asked = 0

    async def answer(_: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.Response(body=PICTURE)

    async with site(web.get("/pin", answer)) as base:
        port = int(base.rsplit(":", 1)[1])
        addresses = AddressPolicy(allowed_networks=networks(["127.0.0.9/32"]))
        rebinding = Names("127.0.0.9", "127.0.0.1")

        with pytest.raises(FetchError):  # 127.0.0.9 is dialled, where nobody listens
            await fetch(f"http://pictures.example:{port}/pin", replace(HERE, addresses=addresses), resolver=rebinding)

    assert asked == 0
    assert rebinding.addresses == ["127.0.0.1"]


async def test_an_allowed_host_may_be_anywhere() -> None:
    async with site(serving(PICTURE)) as base:
        port = base.rsplit(":", 1)[1]
        policy = replace(HERE, addresses=AddressPolicy(allowed_hosts=frozenset({"pictures.internal"})))

        assert await fetch(f"http://pictures.internal:{port}/pin", policy, resolver=Names("127.0.0.1")) == PICTURE


async def test_a_host_name_outside_ascii_is_asked_by_its_ascii_form() -> None:
    async with site(serving(PICTURE)) as base:
        port = base.rsplit(":", 1)[1]
        policy = replace(HERE, addresses=AddressPolicy(allowed_hosts=frozenset({"xn--bcher-kva.example"})))

        assert await fetch(f"http://Bücher.example:{port}/pin", policy, resolver=Names("127.0.0.1")) == PICTURE


async def test_messages_show_neither_query_nor_user() -> None:
    async with site(serving(b"", status=404)) as base:
        with pytest.raises(FetchRefused) as caught:
            await fetch(f"{base}/pin?token=secret#secret")

    assert "secret" not in str(caught.value)


@given(st.text(max_size=80) | st.text(alphabet="htps:/[]@.%0123456789abcx#?", max_size=60).map("http://".__add__))
@example(text="http://[]@")
def test_any_text_as_an_address_is_an_answer_or_an_error_of_this_module(text: str) -> None:
    async def attempt() -> None:
        policy = replace(HERE, addresses=AddressPolicy(), total_timeout_s=1.0)
        with pytest.raises(FetchError):
            await fetch(text, policy, resolver=Names("127.0.0.1"))

    asyncio.run(attempt())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "pictures"
    (root / "inner").mkdir(parents=True)
    (root / "pin.jpg").write_bytes(PICTURE)
    (root / "inner" / "böse #1.jpg").write_bytes(PICTURE)
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "pictures-private").mkdir()
    (tmp_path / "pictures-private" / "pin.jpg").write_bytes(b"secret")
    (root / "link.jpg").symlink_to(tmp_path / "secret")
    (root / "way").symlink_to(tmp_path)
    (root / "alias.jpg").symlink_to("inner/böse #1.jpg")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe.jpg")
    return root


@pytest.mark.parametrize("name", ["pin.jpg", "inner/b%C3%B6se%20%231.jpg", "inner/../pin.jpg", "alias.jpg"])
async def test_a_file_inside_an_allowed_folder_is_read(folder: Path, name: str) -> None:
    assert await fetch(f"file://{folder}/{name}", replace(HERE, file_roots=(folder,))) == PICTURE


async def test_nothing_else_is_read_from_the_disk(folder: Path) -> None:
    names = [
        "../secret",
        "%2e%2e/secret",
        "..%2fsecret",
        "link.jpg",
        "way/secret",
        "../pictures-private/pin.jpg",
        "loop",
        "pipe.jpg",
        "inner",
        "",
        "missing.jpg",
        "pin.jpg/x",
        "pin.jpg%00.png",
        "x" * 300,
    ]
    policy = replace(HERE, file_roots=(folder,))

    assert [name for name in names if not await is_refused(f"file://{folder}/{name}", policy)] == []


async def test_a_file_over_the_limit_is_refused(folder: Path) -> None:
    with pytest.raises(FetchRefused, match="limit is 100"):
        await fetch(f"file://{folder}/pin.jpg", replace(HERE, file_roots=(folder,), max_bytes=100))


async def test_a_file_on_another_host_is_refused(folder: Path) -> None:
    with pytest.raises(FetchRefused, match="no host"):
        await fetch(f"file://server{folder}/pin.jpg", replace(HERE, file_roots=(folder,)))


async def test_files_are_refused_unless_a_folder_is_allowed(folder: Path) -> None:
    with pytest.raises(FetchRefused, match="not allowed"):
        await fetch(f"file://{folder}/pin.jpg")


async def test_a_redirect_to_a_file_is_refused_even_where_files_are_allowed(folder: Path) -> None:
    async with site(redirecting(f"file://{folder}/pin.jpg")) as base:
        with pytest.raises(FetchRefused, match="'file' is not allowed"):
            await fetch(f"{base}/pin", replace(HERE, file_roots=(folder,)))


@pytest.mark.parametrize("address", ["s3://pins/a/..%2f..%2f..%2fadmin", "s3://../admin"])
async def test_an_s3_address_stays_in_its_bucket(address: str) -> None:
    with pytest.raises(FetchRefused, match="leads out of the bucket"):
        await fetch(address, replace(HERE, s3_endpoint="http://127.0.0.1:9/store"))


async def test_an_s3_address_is_read_through_the_gateway() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.raw_path)
        return web.Response(body=PICTURE)

    async with site(web.get("/{any:.*}", answer)) as base:
        assert await fetch("s3://pins/2026/a%20b.jpg", replace(HERE, s3_endpoint=f"{base}/store")) == PICTURE

    assert asked == ["/store/pins/2026/a%20b.jpg"]


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
