"""A caller's address, behind our proxies or not."""

from ipaddress import ip_network

import pytest
from starlette.datastructures import Headers

from api.middleware.callers import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "caller"),
    [
        ("9.9.9.9", "1.1.1.1", "9.9.9.9"),
        ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "nonsense"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("::ffff:9.9.9.9", "", "9.9.9.9"),
    ],
)
def test_forwarded_addresses_count_only_from_our_proxies(peer: str, forwarded_for: str, caller: str) -> None:
    headers = Headers({"x-forwarded-for": forwarded_for} if forwarded_for else {})

    assert client_address({"client": (peer, 1)}, headers, [ip_network("10.0.0.0/8")]) == caller
