"""Whose request this is: as far as addresses tell, and as the guard found."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import Headers
from starlette.types import Scope

from fetch.ssrf_policy import Network


def address_of(scope: Scope, headers: Headers, proxies: Sequence[Network]) -> str:
    """Whose request this is: the nearest address of the way here that is no proxy of ours, of IPv6 the /64 of it."""
    client = scope.get("client")
    here = client[0] if client else "unknown"
    way = [part.strip() for part in ",".join(headers.getlist("x-forwarded-for")).split(",") if part.strip()]
    while way and _is_among(here, proxies):
        here = way.pop()
    return _household(here)


def _household(address: str) -> str:
    """One caller has 2 ** 64 addresses of IPv6, and would have as many buckets."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or ip_network((found, 64), strict=False))


def _is_among(address: str, proxies: Sequence[Network]) -> bool:
    try:
        return any(ip_address(address) in network for network in proxies)
    except ValueError:
        return False


def _caller_here(request: Request) -> str:
    caller: str = request.state.caller
    return caller


CallerHere = Annotated[str, Depends(_caller_here)]
"""The caller whose tokens the guard took: its key, else its address."""
