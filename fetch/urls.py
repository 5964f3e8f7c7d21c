"""Addresses of pictures: parsing, redirects, S3, and how one appears in a message. No network."""

from typing import Final

from yarl import URL

from fetch.errors import FetchRefused

MAX_URL_LENGTH: Final = 2048


def parse_url(text: str) -> URL:
    """Raises FetchRefused."""
    try:
        return URL(text.strip())
    except (ValueError, IndexError) as exc:  # yarl raises the latter for http://[]@
        raise FetchRefused(f"{redact(text)}: not an address: {exc}") from exc


def redirect_target(url: URL, status: int, location: str) -> URL:
    """Where an answer with ``status`` and this ``Location`` sends the client; raises FetchRefused."""
    if not 0 < len(location) <= MAX_URL_LENGTH:
        raise FetchRefused(f"{redact(url)}: HTTP {status} without a usable Location")
    return url.join(parse_url(location))


def s3_gateway_url(url: URL, endpoint: str | None) -> URL:
    """``<endpoint>/bucket/key`` for ``s3://bucket/key``; raises FetchRefused."""
    if endpoint is None:
        raise FetchRefused(f"{redact(url)}: s3 addresses are not allowed: no s3_endpoint is set")
    if not url.raw_host or url.raw_path in ("", "/"):
        raise FetchRefused(f"{redact(url)}: expected s3://bucket/key")
    if ".." in (url.raw_host, *url.path.split("/")):
        raise FetchRefused(f"{redact(url)}: `..` leads out of the bucket")
    return URL(endpoint) / url.raw_host / url.path.removeprefix("/")


def is_ip_literal(host: str) -> bool:
    """Whether the host is an IP address, or what a resolver might take for one (``127.1``)."""
    return ":" in host or host.replace(".", "").isdigit()


def redact(url: URL | str | None) -> str:
    """An address for a message: without query and user part, which may hold secrets, and at most 120 characters."""
    text = str(url)
    head = text.split("?", 1)[0].split("#", 1)[0]
    scheme, separator, rest = head.partition("://")
    host, slash, path = rest.partition("/")
    return (scheme + separator + host.rpartition("@")[2] + slash + path)[:120]
