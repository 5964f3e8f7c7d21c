"""The bytes of a pin's picture, from wherever its event says, without harm to this process or its network.

::

    FetchError
    ├── FetchRefused     invalid: the address, its answer or its size will not change; a dead letter
    └── FetchFailed      retryable: the host is slow, busy or away; says when to come back, if the host did
"""

import asyncio
import ssl
import time
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from fetch.addresses import AddressForbidden, AddressPolicy, GuardedResolver
from fetch.files import FileForbidden, read_inside
from pinstream.events import ImageRef

MAX_URL_LENGTH: Final = 2048
_CHUNK_BYTES: Final = 64 * 1024
_WEB: Final = frozenset({"http", "https"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TRANSIENT: Final = frozenset({408, 421, 425, 429})
"""Answers below 500 that another moment may change."""


class FetchError(Exception):
    """The root of what can go wrong between an event and its picture's bytes."""


class FetchRefused(FetchError):
    """The picture cannot be had from this address; asking again changes nothing."""


class FetchFailed(FetchError):
    """The picture could not be had just now; ``retry_after_s`` is the wait the host asked for, capped, or None."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """What may be fetched, how large and how slow it may be.

    ``file:`` is on where ``file_roots`` names folders, and then only inside them; ``s3://bucket/key`` is on where
    ``s3_endpoint`` names a gateway for unsigned reads, which then is asked for ``<endpoint>/bucket/key``.
    """

    addresses: AddressPolicy = field(default_factory=AddressPolicy)
    max_bytes: int = 16 * 1024 * 1024
    total_timeout_s: float = 10.0
    connect_timeout_s: float = 3.0
    max_redirects: int = 4
    max_retry_after_s: float = 60.0
    connections: int = 64
    connections_per_host: int = 16
    user_agent: str = "pinstream/1"
    file_roots: tuple[Path, ...] = ()
    s3_endpoint: str | None = None


class Fetcher:
    """Pictures by reference, over one pool of connections; ``async with`` opens and closes it.

    Use it from one event loop; every call is safe to repeat and to cancel.
    """

    def __init__(self, policy: FetchPolicy, *, resolver: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver
        self._opened: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        policy = self._policy
        connector = aiohttp.TCPConnector(
            limit=policy.connections,
            limit_per_host=policy.connections_per_host,
            resolver=GuardedResolver(policy.addresses, self._resolver or aiohttp.DefaultResolver()),
        )
        self._opened = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": policy.user_agent, "Accept": "image/*", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=policy.connect_timeout_s),
            auto_decompress=False,  # _inflated does, within the size limit
            trust_env=False,  # a proxy would resolve names by itself
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    async def fetch(self, image: ImageRef) -> bytes:
        """The encoded picture, at most ``max_bytes``; its content is not looked at.

        Raises FetchRefused or FetchFailed within ``total_timeout_s``, redirects included.
        """
        inline = image.inline_bytes()
        if inline is not None:
            _check_size(len(inline), self._policy.max_bytes)
            return inline
        try:
            async with asyncio.timeout(self._policy.total_timeout_s):
                return await self._fetch_url(_parsed(image.url or ""))
        except TimeoutError as exc:
            raise FetchFailed(f"{_shown(image.url)}: no picture within {self._policy.total_timeout_s:g} s") from exc
        except AddressForbidden as exc:
            raise FetchRefused(f"{_shown(image.url)}: {exc}") from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise translated(exc, _shown(image.url)) from exc

    async def _fetch_url(self, url: URL) -> bytes:
        if url.scheme == "file":
            return await self._read_file(url)
        if url.scheme == "s3":
            url = _through_gateway(url, self._policy.s3_endpoint)
        for _ in range(self._policy.max_redirects + 1):
            self._check_url(url)
            body = await self._ask(url)
            if isinstance(body, bytes):
                return body
            url = body
        raise FetchRefused(f"more than {self._policy.max_redirects} redirects")

    def _check_url(self, url: URL) -> None:
        """Everything that can be said before a name is resolved; the resolver and this see each hop."""
        if url.scheme not in _WEB:
            raise FetchRefused(f"{_shown(url)}: scheme {url.scheme!r} is not allowed; http and https are")
        if not url.raw_host or url.port is None:
            raise FetchRefused(f"{_shown(url)}: no host")
        if url.user is not None or url.password is not None:
            raise FetchRefused(f"{url.raw_host}: addresses with a user name or password are not allowed")
        if _is_literal(url.raw_host):
            self._policy.addresses.check(url.raw_host, url.raw_host, url.port)

    async def _ask(self, url: URL) -> bytes | URL:
        """The body behind ``url``, or the address it redirects to."""
        if self._opened is None:
            raise RuntimeError("the fetcher is not open: use it in `async with`")
        async with self._opened.get(url, allow_redirects=False) as response:
            if response.status in _REDIRECTS:
                return _target(response)
            if response.status != 200:
                raise self._verdict(response)
            if response.content_length is not None:
                _check_size(response.content_length, self._policy.max_bytes)
            return await _collected(_inflated(response, self._policy.max_bytes), self._policy.max_bytes)

    def _verdict(self, response: aiohttp.ClientResponse) -> FetchError:
        message = f"{_shown(response.url)}: HTTP {response.status} {(response.reason or '')[:80]}".rstrip()
        if response.status in _TRANSIENT or response.status >= 500:
            wait_s = retry_after_s(response.headers.get("Retry-After"), now_s=time.time())
            capped_s = None if wait_s is None else min(wait_s, self._policy.max_retry_after_s)
            return FetchFailed(message, retry_after_s=capped_s)
        return FetchRefused(message)

    async def _read_file(self, url: URL) -> bytes:
        if url.host not in (None, "", "localhost"):
            raise FetchRefused(f"{_shown(url)}: a file address has no host")
        try:
            return await asyncio.to_thread(
                read_inside, self._policy.file_roots, Path(url.path), max_bytes=self._policy.max_bytes
            )
        except FileForbidden as exc:
            raise FetchRefused(f"{_shown(url)}: {exc}") from exc


def translated(exc: Exception, shown: str) -> FetchError:
    """aiohttp's and the system's errors as this module's: broken addresses and certificates are refused for good."""
    message = f"{shown}: {type(exc).__name__} {str(exc)[:200]}".rstrip()
    if isinstance(exc, (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError, ssl.CertificateError)):
        return FetchRefused(message)
    return FetchFailed(message)


def retry_after_s(header: str | None, *, now_s: float) -> float | None:
    """Seconds to wait as a Retry-After header says, by number or by date; None where it says nothing readable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(parsedate_to_datetime(text).timestamp() - now_s, 0.0)
    except (ValueError, OverflowError):
        return None


def _parsed(text: str) -> URL:
    try:
        return URL(text.strip())
    except (ValueError, IndexError) as exc:  # yarl says the latter of http://[]@
        raise FetchRefused(f"{_shown(text)}: not an address: {exc}") from exc


def _target(response: aiohttp.ClientResponse) -> URL:
    location = response.headers.get("Location", "")
    if not 0 < len(location) <= MAX_URL_LENGTH:
        raise FetchRefused(f"{_shown(response.url)}: HTTP {response.status} leads nowhere")
    return response.url.join(_parsed(location))


def _through_gateway(url: URL, endpoint: str | None) -> URL:
    if endpoint is None:
        raise FetchRefused(f"{_shown(url)}: s3 addresses are not allowed: no s3_endpoint is set")
    if not url.raw_host or url.raw_path in ("", "/"):
        raise FetchRefused(f"{_shown(url)}: expected s3://bucket/key")
    if ".." in (url.raw_host, *url.path.split("/")):
        raise FetchRefused(f"{_shown(url)}: `..` leads out of the bucket")
    return URL(endpoint) / url.raw_host / url.path.removeprefix("/")


def _is_literal(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


async def _inflated(response: aiohttp.ClientResponse, max_bytes: int) -> AsyncIterator[bytes]:
    """The body in chunks, never more than one byte beyond the limit at once, whatever it was compressed with."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            yield chunk
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise FetchRefused(f"{_shown(response.url)}: content encoding {encoding!r:.40} was not asked for")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        try:
            yield inflater.decompress(chunk, max_bytes + 1)
        except zlib.error as exc:
            raise FetchRefused(f"{_shown(response.url)}: {encoding} body is broken: {exc}") from exc


async def _collected(chunks: AsyncIterator[bytes], max_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        _check_size(len(body), max_bytes)
    return bytes(body)


def _check_size(size_bytes: int, max_bytes: int) -> None:
    if size_bytes > max_bytes:
        raise FetchRefused(f"{size_bytes} bytes or more; the limit is {max_bytes}")


def _shown(url: URL | str | None) -> str:
    """An address as a message may carry it: no secrets of its query or user part, not too long."""
    text = str(url)
    head = text.split("?", 1)[0].split("#", 1)[0]
    scheme, separator, rest = head.partition("://")
    host, slash, path = rest.partition("/")
    return (scheme + separator + host.rpartition("@")[2] + slash + path)[:120]
