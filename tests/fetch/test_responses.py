"""Bodies are limited and decompressed; broken answers are retryable."""

import asyncio
import gzip
import socket
import zlib
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetch.errors import FetchFailed, FetchRefused
from fetch.responses import parse_retry_after_s
from tests.fetch.servers import HERE, PICTURE, fetch, raw_site, serving, site


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


async def test_a_port_where_nobody_listens_is_retryable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))

        with pytest.raises(FetchFailed):
            await fetch(f"http://127.0.0.1:{unused.getsockname()[1]}/pin")


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
