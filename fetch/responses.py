"""Reading an HTTP answer: its body within the size limit, and when its host wants a retry."""

import zlib
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from fetch.errors import FetchRefused
from fetch.urls import redact

_CHUNK_BYTES: Final = 64 * 1024


async def read_body(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """The body, decompressed; raises FetchRefused as soon as it exceeds ``max_bytes``."""
    if response.content_length is not None:
        check_size(response.content_length, max_bytes)
    body = bytearray()
    async for chunk in _decompress(response, max_bytes):
        body += chunk
        check_size(len(body), max_bytes)
    return bytes(body)


async def _decompress(response: aiohttp.ClientResponse, max_bytes: int) -> AsyncIterator[bytes]:
    """The body in chunks. No chunk exceeds the limit by more than a byte, or a compression bomb would fill memory."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            yield chunk
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise FetchRefused(f"{redact(response.url)}: content encoding {encoding!r:.40} was not asked for")
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 32)
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        try:
            yield decompressor.decompress(chunk, max_bytes + 1)
        except zlib.error as exc:
            raise FetchRefused(f"{redact(response.url)}: {encoding} body is broken: {exc}") from exc


def check_size(size_bytes: int, max_bytes: int) -> None:
    """Raises FetchRefused."""
    if size_bytes > max_bytes:
        raise FetchRefused(f"{size_bytes} bytes or more; the limit is {max_bytes}")


def parse_retry_after_s(header: str | None, *, now_s: float) -> float | None:
    """Seconds to wait, from a ``Retry-After`` header with a number or a date; None if it is missing or unreadable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(parsedate_to_datetime(text).timestamp() - now_s, 0.0)
    except (ValueError, OverflowError):
        return None
