"""Fetches the picture that an event names, without harm to this process or its network."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from fetch.errors import FetchError, FetchFailed, FetchRefused, from_client_error
from fetch.local_files import FileForbidden, read_file_inside
from fetch.responses import check_size, parse_retry_after_s, read_body
from fetch.ssrf_policy import AddressForbidden, AddressPolicy, GuardedResolver
from fetch.urls import is_ip_literal, parse_url, redact, redirect_target, s3_gateway_url
from pinstream.events import ImageRef

_WEB_SCHEMES: Final = frozenset({"http", "https"})
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_RETRYABLE: Final = frozenset({408, 421, 425, 429})
"""Statuses below 500 after which a retry may succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPolicy:
    """What may be fetched, how large and how slow it may be.

    ``file:`` addresses are allowed only inside the folders of ``file_roots``; ``s3://bucket/key`` only if
    ``s3_endpoint`` names a gateway for unsigned reads, and is then read as ``<endpoint>/bucket/key``.
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
    """Fetches pictures over one pool of connections; ``async with`` opens and closes it.

    Use it from one event loop; every call is safe to repeat and to cancel.
    """

    def __init__(self, policy: FetchPolicy, *, resolver: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        policy = self._policy
        connector = aiohttp.TCPConnector(
            limit=policy.connections,
            limit_per_host=policy.connections_per_host,
            resolver=GuardedResolver(policy.addresses, self._resolver or aiohttp.DefaultResolver()),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": policy.user_agent, "Accept": "image/*", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=policy.connect_timeout_s),
            auto_decompress=False,  # read_body does, within the size limit
            trust_env=False,  # a proxy would resolve names itself, past the policy
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(self, image: ImageRef) -> bytes:
        """The encoded picture, at most ``max_bytes``; its content is not checked.

        Raises FetchRefused or FetchFailed within ``total_timeout_s``, redirects included.
        """
        inline = image.inline_bytes()
        if inline is not None:
            check_size(len(inline), self._policy.max_bytes)
            return inline
        try:
            # One limit for everything: a host that sends a byte now and then passes any limit per read.
            async with asyncio.timeout(self._policy.total_timeout_s):
                return await self._fetch_url(parse_url(image.url or ""))
        except TimeoutError as exc:
            raise FetchFailed(f"{redact(image.url)}: no picture within {self._policy.total_timeout_s:g} s") from exc
        except AddressForbidden as exc:
            raise FetchRefused(f"{redact(image.url)}: {exc}") from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise from_client_error(exc, redact(image.url)) from exc

    async def _fetch_url(self, url: URL) -> bytes:
        if url.scheme == "file":
            return await self._read_file(url)
        if url.scheme == "s3":
            url = s3_gateway_url(url, self._policy.s3_endpoint)
        for _ in range(self._policy.max_redirects + 1):
            self._check_url(url)
            answer = await self._request(url)
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise FetchRefused(f"more than {self._policy.max_redirects} redirects")

    def _check_url(self, url: URL) -> None:
        """Refuse what is wrong before any name is resolved: this and the resolver check every redirect too."""
        if url.scheme not in _WEB_SCHEMES:
            raise FetchRefused(f"{redact(url)}: scheme {url.scheme!r} is not allowed; http and https are")
        if not url.raw_host or url.port is None:
            raise FetchRefused(f"{redact(url)}: no host")
        if url.user is not None or url.password is not None:
            raise FetchRefused(f"{url.raw_host}: addresses with a user name or password are not allowed")
        if is_ip_literal(url.raw_host):  # aiohttp resolves no literals, so GuardedResolver never sees them
            self._policy.addresses.check(url.raw_host, url.raw_host, url.port)

    async def _request(self, url: URL) -> bytes | URL:
        """The body at ``url``, or the address it redirects to."""
        if self._session is None:
            raise RuntimeError("the fetcher is not open: use it in `async with`")
        async with self._session.get(url, allow_redirects=False) as response:
            if response.status in _REDIRECTS:
                return redirect_target(response.url, response.status, response.headers.get("Location", ""))
            if response.status != 200:
                raise self._status_error(response)
            return await read_body(response, self._policy.max_bytes)

    def _status_error(self, response: aiohttp.ClientResponse) -> FetchError:
        message = f"{redact(response.url)}: HTTP {response.status} {(response.reason or '')[:80]}".rstrip()
        if response.status in _RETRYABLE or response.status >= 500:
            wait_s = parse_retry_after_s(response.headers.get("Retry-After"), now_s=time.time())
            capped_s = None if wait_s is None else min(wait_s, self._policy.max_retry_after_s)
            return FetchFailed(message, retry_after_s=capped_s)
        return FetchRefused(message)

    async def _read_file(self, url: URL) -> bytes:
        if url.host not in (None, "", "localhost"):
            raise FetchRefused(f"{redact(url)}: a file address has no host")
        try:
            return await asyncio.to_thread(
                read_file_inside, self._policy.file_roots, Path(url.path), max_bytes=self._policy.max_bytes
            )
        except FileForbidden as exc:
            raise FetchRefused(f"{redact(url)}: {exc}") from exc
