"""Who the caller of a request is: the name of its API key, else its address."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.types import Scope

from fetch.ssrf_policy import Network


def client_address(scope: Scope, headers: Headers, proxies: Sequence[Network]) -> str:
    """The last address before our own proxies, of IPv6 its /64; ``X-Forwarded-For`` counts only from ``proxies``."""
    client = scope.get("client")
    address = client[0] if client else "unknown"
    forwarded = [part.strip() for part in ",".join(headers.getlist("x-forwarded-for")).split(",") if part.strip()]
    while forwarded and _is_in(proxies, address):
        address = forwarded.pop()
    return _without_ipv6_interface(address)


def _without_ipv6_interface(address: str) -> str:
    """One IPv6 customer has a /64, 2 ** 64 addresses, and would have as many token buckets."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))


def _is_in(networks: Sequence[Network], address: str) -> bool:
    try:
        return any(ip_address(address) in network for network in networks)
    except ValueError:
        return False


def get_caller(request: Request) -> str:
    """As `api.middleware.request_guard` found it; for FastAPI's `Depends`."""
    caller: str = request.state.caller
    return caller


Caller = Annotated[str, Depends(get_caller)]
