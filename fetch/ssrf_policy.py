"""The guard against SSRF: pictures are fetched from the public Internet, and from what the settings allow besides.

Publishers choose the addresses. Without this rule they could make the worker and the read service send requests to any
server of the internal network, such as a cloud's metadata service.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_PORTS: Final = frozenset({80, 443, 8080, 8443})

_NAT64: Final = ip_network("64:ff9b::/96")
_GLOBAL_UNICAST: Final = ip_network("2000::/3")
# Beyond what `ipaddress` (3.11) calls private, link-local, multicast or reserved.
_NEVER_PUBLIC: Final[tuple[Network, ...]] = (
    ip_network("168.63.129.16/32"),  # Azure's metadata and agent channel, on a public address
    ip_network("192.0.0.0/24"),  # protocol assignments
    ip_network("192.88.99.0/24"),  # 6to4 relays
    ip_network("2001::/23"),  # Teredo, benchmarking, ORCHID
    ip_network("2002::/16"),  # 6to4: carries any IPv4 address inside
    ip_network("3fff::/20"),  # documentation
)


class AddressForbidden(Exception):
    """The address is neither public nor allowed by the settings; a retry changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Where connections may go. Hosts named here are trusted with any address and port, networks with any port.

    ``allowed_hosts`` holds lower-case names; one that starts with a dot stands for all names under it.
    """

    allowed_hosts: frozenset[str] = frozenset()
    allowed_networks: tuple[Network, ...] = ()
    ports: frozenset[int] = DEFAULT_PORTS

    def trusts(self, host: str) -> bool:
        """Whether the settings name this host or a domain above it."""
        name = host.lower().rstrip(".")
        labels = name.split(".")
        return name in self.allowed_hosts or any(
            "." + ".".join(labels[first:]) in self.allowed_hosts for first in range(1, len(labels))
        )

    def check(self, host: str, address: str, port: int) -> None:
        """Raises AddressForbidden with the reason unless a connection to ``host`` at ``address`` is allowed."""
        if self.trusts(host):
            return
        try:
            effective = embedded_ipv4_or_same(ip_address(address))
        except ValueError as exc:
            raise AddressForbidden(f"{host} is at {address}, which is not a canonical address") from exc
        if any(effective in network for network in self.allowed_networks):
            return
        if not is_public(effective):
            raise AddressForbidden(f"{host} is at {effective}, which is not a public address")
        if port not in self.ports:
            allowed = ", ".join(map(str, sorted(self.ports)))
            raise AddressForbidden(f"port {port} of {host} is not allowed; allowed are {allowed}")


def embedded_ipv4_or_same(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped or NAT64 address; any other address unchanged."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """False for private, local, shared, multicast and reserved ranges."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    ruled_out = address.is_multicast or address.is_reserved or not address.is_global
    return not ruled_out and not any(address in network for network in _NEVER_PUBLIC)


class GuardedResolver(AbstractResolver):
    """Resolves a name to the addresses that the policy accepts.

    The connector dials what this returns and resolves nothing again, so DNS rebinding gains nothing. Literal addresses
    are not resolved: `fetch.fetcher` checks them.
    """

    def __init__(self, policy: AddressPolicy, resolver: AbstractResolver) -> None:
        self._policy = policy
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The accepted addresses of ``host``; raises AddressForbidden if none is, OSError if the name has none."""
        accepted: list[ResolveResult] = []
        refusal: AddressForbidden | None = None
        for result in await self._lookup(host, port, family):
            try:
                self._policy.check(host, result["host"], port)
            except AddressForbidden as exc:
                refusal = exc
            else:
                accepted.append(result)
        if not accepted:
            raise refusal or OSError(f"{host} has no address")
        return accepted

    async def _lookup(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        try:
            return await self._resolver.resolve(host, port, family)
        except ValueError as exc:  # the codec of host names: empty or overlong labels, null bytes
            raise AddressForbidden(f"{host[:80]!r} is not a host name: {exc}") from exc

    async def close(self) -> None:
        await self._resolver.close()
