import ipaddress
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from fetch.ssrf_policy import (
    Address,
    AddressForbidden,
    AddressPolicy,
    GuardedResolver,
    embedded_ipv4_or_same,
    is_public,
)

PUBLIC = ["93.184.216.34", "1.1.1.1", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:80b::200e"]
FORBIDDEN = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]
LOOPBACK = AddressPolicy(allowed_networks=(ipaddress.ip_network("127.0.0.0/8"),))

v4_in = st.sampled_from(
    ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4"]
)


class ScriptedResolver(AbstractResolver):
    """Answers with the given addresses, one list a question, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.requests = 0

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        answer = self.answers[min(self.requests, len(self.answers) - 1)]
        self.requests += 1
        return [
            ResolveResult(hostname=host, host=address, port=port, family=_family(address), proto=0, flags=0)
            for address in answer
        ]

    async def close(self) -> None: ...


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def refusal(policy: AddressPolicy, address: str, *, host: str = "pictures.example", port: int = 443) -> str | None:
    """Why the policy refuses a connection; None if it allows it."""
    try:
        policy.check(host, address, port)
    except AddressForbidden as exc:
        return str(exc)
    return None


def test_public_addresses_are_accepted() -> None:
    assert {address: refusal(AddressPolicy(), address) for address in PUBLIC} == dict.fromkeys(PUBLIC)


def test_every_other_address_is_refused() -> None:
    refusals = {address: refusal(AddressPolicy(), address) for address in FORBIDDEN}

    assert {address: why for address, why in refusals.items() if "not a public address" not in str(why)} == {}


def test_what_is_no_canonical_address_is_refused() -> None:
    addresses = ["127.1", "2130706433", "0177.0.0.1", "1.2.3.4.5", "", "localhost"]
    refusals = {address: refusal(AddressPolicy(), address) for address in addresses}

    assert {address: why for address, why in refusals.items() if "canonical" not in str(why)} == {}


@given(st.ip_addresses())
def test_no_address_that_the_standard_library_calls_local_is_public(address: Address) -> None:
    local = address.is_private or address.is_loopback or address.is_link_local or address.is_multicast

    assert not (is_public(embedded_ipv4_or_same(address)) and local and embedded_ipv4_or_same(address) == address)


@given(v4_in, st.integers(min_value=0), st.sampled_from([0xFFFF << 32, 0x0064FF9B << 96]))
def test_an_embedded_address_is_treated_as_the_address_inside(network: str, number: int, prefix: int) -> None:
    inside = ipaddress.ip_network(network)
    inner = ipaddress.IPv4Address(int(inside.network_address) + number % inside.num_addresses)
    outer = ipaddress.IPv6Address(prefix | int(inner))

    with pytest.raises(AddressForbidden):
        AddressPolicy().check("pictures.example", str(outer), 443)


def test_embedding_an_allowed_address_is_allowed() -> None:
    LOOPBACK.check("pictures.example", "::ffff:127.0.0.1", 9999)


def test_ports_of_other_services_are_refused_on_public_addresses() -> None:
    refusals = {port: refusal(AddressPolicy(), "93.184.216.34", port=port) for port in (22, 25, 6379, 9092, 2379)}

    assert {port: why for port, why in refusals.items() if "allowed are 80, 443, 8080, 8443" not in str(why)} == {}


def test_an_allowed_network_is_trusted_with_any_port_and_others_are_not() -> None:
    LOOPBACK.check("pictures.example", "127.0.0.1", 51234)

    with pytest.raises(AddressForbidden):
        LOOPBACK.check("pictures.example", "10.0.0.1", 443)


def test_an_allowed_host_is_trusted_wherever_it_is_and_a_name_that_only_resembles_it_is_not() -> None:
    policy = AddressPolicy(allowed_hosts=frozenset({"images.internal", ".cdn.internal"}))
    trusted = ["images.internal", "IMAGES.internal.", "a.cdn.internal", "a.b.cdn.internal"]
    others = ["notimages.internal", "images.internal.evil.example", "cdn.internal", "xcdn.internal"]

    allowed = [host for host in trusted + others if refusal(policy, "10.0.0.1", host=host, port=9000) is None]

    assert allowed == trusted


async def test_the_guard_keeps_the_accepted_addresses_of_a_name() -> None:
    guard = GuardedResolver(AddressPolicy(), ScriptedResolver(["10.0.0.1", "93.184.216.34", "::1"]))

    found = await guard.resolve("pictures.example", 443)

    assert [each["host"] for each in found] == ["93.184.216.34"]


async def test_the_guard_refuses_a_name_with_no_accepted_address() -> None:
    guard = GuardedResolver(AddressPolicy(), ScriptedResolver(["10.0.0.1", "::1"]))

    with pytest.raises(AddressForbidden, match="not a public address"):
        await guard.resolve("pictures.example", 443)


async def test_a_name_without_addresses_is_an_error_of_the_network() -> None:
    guard = GuardedResolver(AddressPolicy(), ScriptedResolver([]))

    with pytest.raises(OSError, match="no address"):
        await guard.resolve("pictures.example", 443)
