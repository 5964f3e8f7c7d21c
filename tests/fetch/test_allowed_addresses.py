"""Only allowed addresses are fetched, whatever name or redirect leads there."""

import asyncio
from dataclasses import replace
from ipaddress import ip_network

import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as st

from fetch.errors import FetchError, FetchRefused
from fetch.ssrf_policy import AddressPolicy
from tests.fetch.servers import HERE, PICTURE, Names, fetch, is_refused, redirecting, serving, site


async def test_a_redirect_is_followed() -> None:
    for status in (301, 302, 303, 307, 308):
        async with site(serving(PICTURE)) as target, site(redirecting(f"{target}/pin", status=status)) as base:
            assert await fetch(f"{base}/pin") == PICTURE, status


async def test_a_relative_redirect_is_followed() -> None:
    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("pin?size=full")

    async with site(serving(PICTURE), web.get("/old", moved)) as base:
        assert await fetch(f"{base}/old") == PICTURE


async def test_a_redirect_loop_ends_at_the_limit() -> None:
    requests = 0

    async def loop(_: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        raise web.HTTPFound("/pin")

    async with site(web.get("/pin", loop)) as base:
        with pytest.raises(FetchRefused, match="more than 2 redirects"):
            await fetch(f"{base}/pin", replace(HERE, max_redirects=2))

    assert requests == 3


FORBIDDEN_TARGETS = [
    "http://127.0.0.2/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[fe80::1%25lo]/",
    "http://0.0.0.0/",
    "http://0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://localhost/",
    "http://１２７.０.０.２/",
    "http://ⓛocalhost/",
    "http://10.0.0.1:6379/",
    "http://user:secret@93.184.216.34/",
    "http://user@93.184.216.34/",
    "http://93.184.216.34:22/",
    "http:///pin",
    "http://",
    "https://",
    "http://[::1/",
    "http://a..b/",
    "http://example.com:99999/",
    "http://example.com:abc/",
    "http://" + "a" * 300 + ".example/",
    "ftp://example.com/pin.jpg",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "data:image/png;base64,iVBORw0KGgo=",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "s3://bucket/key",
    "//127.0.0.2/pin",
    "pin.jpg",
    "",
]


async def test_a_forbidden_address_is_refused() -> None:
    policy = replace(HERE, addresses=AddressPolicy())

    assert [target for target in FORBIDDEN_TARGETS if target and not await is_refused(target, policy)] == []


async def test_a_redirect_to_a_forbidden_address_is_refused() -> None:
    policy = replace(HERE, addresses=AddressPolicy(allowed_hosts=frozenset({"pictures.internal"})))
    followed = []

    for target in FORBIDDEN_TARGETS:
        if target != "pin.jpg" and target.isascii():
            async with site(redirecting(target)) as base:
                start = f"{base.replace('127.0.0.1', 'pictures.internal')}/pin"
                if not await is_refused(start, policy, resolver=Names("127.0.0.1")):
                    followed.append(target)

    assert not followed


async def test_a_redirect_without_location_is_refused() -> None:
    async with site(serving(b"", status=302)) as base:
        with pytest.raises(FetchRefused, match="without a usable Location"):
            await fetch(f"{base}/pin")


async def test_a_name_that_resolves_to_a_forbidden_address_is_refused_and_never_connected() -> None:
    async with site(serving(PICTURE)) as base:
        port = base.rsplit(":", 1)[1]
        policy = replace(HERE, addresses=AddressPolicy(ports=frozenset({int(port)})))

        with pytest.raises(FetchRefused, match="not a public address"):
            await fetch(f"http://pictures.example:{port}/pin", policy, resolver=Names("127.0.0.1"))


async def test_a_name_that_changes_its_address_after_the_check_gains_nothing() -> None:
    requests = 0

    async def answer(_: web.Request) -> web.Response:
        nonlocal requests
        requests += 1
        return web.Response(body=PICTURE)

    async with site(web.get("/pin", answer)) as base:
        port = int(base.rsplit(":", 1)[1])
        addresses = AddressPolicy(allowed_networks=(ip_network("127.0.0.9/32"),))
        rebinding = Names("127.0.0.9", "127.0.0.1")

        with pytest.raises(FetchError):  # 127.0.0.9 is dialled, where nothing listens
            await fetch(f"http://pictures.example:{port}/pin", replace(HERE, addresses=addresses), resolver=rebinding)

    assert requests == 0
    assert rebinding.addresses == ["127.0.0.1"]


async def test_an_allowed_host_may_be_anywhere() -> None:
    async with site(serving(PICTURE)) as base:
        port = base.rsplit(":", 1)[1]
        policy = replace(HERE, addresses=AddressPolicy(allowed_hosts=frozenset({"pictures.internal"})))

        assert await fetch(f"http://pictures.internal:{port}/pin", policy, resolver=Names("127.0.0.1")) == PICTURE


async def test_a_host_name_outside_ascii_is_asked_by_its_ascii_form() -> None:
    async with site(serving(PICTURE)) as base:
        port = base.rsplit(":", 1)[1]
        policy = replace(HERE, addresses=AddressPolicy(allowed_hosts=frozenset({"xn--bcher-kva.example"})))

        assert await fetch(f"http://Bücher.example:{port}/pin", policy, resolver=Names("127.0.0.1")) == PICTURE


@given(st.text(max_size=80) | st.text(alphabet="htps:/[]@.%0123456789abcx#?", max_size=60).map("http://".__add__))
@example(text="http://[]@")
def test_any_text_as_an_address_is_an_answer_or_an_error_of_this_module(text: str) -> None:
    async def attempt() -> None:
        policy = replace(HERE, addresses=AddressPolicy(), total_timeout_s=1.0)
        with pytest.raises(FetchError):
            await fetch(text, policy, resolver=Names("127.0.0.1"))

    asyncio.run(attempt())
