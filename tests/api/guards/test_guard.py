"""Who may ask, how often and how much."""

from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.datastructures import Headers

from api.guards.callers import address_of
from api.guards.guard import Buckets, cost_of
from api.settings import ApiSettings, QuotaSettings, ServiceSettings
from tests.api.fakes import Bench, asked


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    clock = Clock()
    buckets = Buckets(rate_per_s=2, burst=4, callers=10, clock=clock)

    assert [buckets.take("a", 1) for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert buckets.take("b", 1) == 0, "another caller has tokens of its own"
    clock.now_s = 0.5
    assert [buckets.take("a", 1), buckets.take("a", 1)] == [0, 0.5]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 5), st.floats(0, 3)), max_size=60))
def test_nobody_gets_more_than_burst_and_rate_together(requests: list[tuple[str, float, float]]) -> None:
    clock = Clock()
    buckets = Buckets(rate_per_s=3, burst=5, callers=10, clock=clock)
    taken: dict[str, float] = {}

    for caller, tokens, later_s in requests:
        clock.now_s += later_s
        if not buckets.take(caller, tokens):
            taken[caller] = taken.get(caller, 0.0) + tokens

    assert all(tokens <= 5 + 3 * clock.now_s + 1e-6 for tokens in taken.values())


def test_callers_seen_longest_ago_are_forgotten() -> None:
    buckets = Buckets(rate_per_s=1, burst=1, callers=2, clock=Clock())

    waits = [buckets.take(caller, 1) for caller in ("a", "b", "c", "b", "a")]

    assert [wait > 0 for wait in waits] == [False, False, False, True, False]


def test_a_request_costs_what_it_takes() -> None:
    costs = {
        path: cost_of(path, "GET") for path in ("/", "/web/a.js", "/healthz", "/v1/pins/a", "/v1/pins/a/thumbnail")
    }

    assert costs == {"/": 0, "/web/a.js": 0, "/healthz": 0, "/v1/pins/a": 1, "/v1/pins/a/thumbnail": 0.1}
    assert cost_of("/v1/lens", "POST") > cost_of("/v1/flashlight", "POST") > 1
    assert cost_of("/v1/lens", "OPTIONS") == 0


@pytest.mark.parametrize(
    ("here", "way", "found"),
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
def test_an_address_is_believed_from_our_proxies_only(here: str, way: str, found: str) -> None:
    headers = Headers({"x-forwarded-for": way} if way else {})

    assert address_of({"client": (here, 1)}, headers, [ip_network("10.0.0.0/8")]) == found


async def test_whoever_asks_too_often_is_told_when_to_come_again(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(rate_per_s=0.001, burst=2))

    async with asked(bench) as service:
        statuses = [(await service.client.get("/v1/pins/a")).status_code for _ in range(3)]
        last = await service.client.get("/v1/pins/a")
        page = await service.client.get("/")

    assert statuses == [404, 404, 429]
    assert int(last.headers["retry-after"]) > 100
    assert last.json()["type"] == "urn:pinstream:problem:too-many-requests"
    assert page.status_code == 200


async def test_a_key_opens_what_is_locked(bench: Bench) -> None:
    bench.settings = ApiSettings(api=ServiceSettings(keys=(SecretStr("one"), SecretStr("zwei ä"))))
    bench.pin("a")
    given_keys = {
        "none": {},
        "wrong": {"authorization": "Bearer onE"},
        "basic": {"authorization": "Basic one"},
        "right": {"authorization": "bearer one"},
        "cookie": {"cookie": "pinstream_key=one; other=x"},
        "among odd cookies": {"cookie": 'other={"x": [1]}; pinstream_key=one'},
    }

    async with asked(bench) as service:
        answers = {who: await service.client.get("/v1/pins/a", headers=each) for who, each in given_keys.items()}
        odd = await service.client.get("/v1/pins/a", headers={"authorization": "Bearer zwei ä".encode()})
        health = await service.client.get("/healthz")

    statuses = {who: answer.status_code for who, answer in answers.items()}
    assert statuses == {"none": 401, "wrong": 401, "basic": 401, "right": 200, "cookie": 200, "among odd cookies": 200}
    assert answers["none"].headers["www-authenticate"] == "Bearer"
    assert (odd.status_code, health.status_code) == (200, 200)


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_a_body_beyond_the_limit_is_cut_off(bench: Bench, is_streamed: bool) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(body_bytes=10_000))
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1000
            yield bytes(1000)

    async with asked(bench) as service:
        content = endless() if is_streamed else bytes(10_001)
        lens = await service.client.post("/v1/lens", content=content, headers={"content-type": "image/png"})
        json = await service.client.post("/v1/flashlight", content=bytes(10_001))

    assert (lens.status_code, json.status_code) == (413, 413)
    assert lens.headers["content-type"] == "application/problem+json"
    assert lens.json()["type"] == json.json()["type"] == "urn:pinstream:problem:body-too-large"
    assert sent <= 12_000
    assert bench.models.asked == 0


async def test_pages_elsewhere_may_ask_only_where_the_settings_say_so(bench: Bench) -> None:
    preflight = {"origin": "https://shop.example", "access-control-request-method": "POST"}

    async with asked(bench) as service:
        closed = await service.client.options("/v1/lens", headers=preflight)
    bench.settings = ApiSettings(api=ServiceSettings(cors_origins=("https://shop.example",)))
    async with asked(bench) as service:
        opened = await service.client.options("/v1/lens", headers=preflight)
        friend = await service.client.get("/v1/pins/a", headers={"origin": "https://shop.example"})
        stranger = await service.client.get("/v1/pins/a", headers={"origin": "https://evil.example"})

    assert "access-control-allow-origin" not in closed.headers
    assert opened.headers["access-control-allow-origin"] == "https://shop.example"
    assert "X-Pinstream-Picture" in friend.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in stranger.headers


async def test_requests_are_counted_by_route_and_refusals_by_reason(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(rate_per_s=0.001, burst=1))

    async with asked(bench) as service:
        for _ in range(2):
            await service.client.get("/v1/pins/a")
        metrics = (await service.client.get("/metrics")).text

    assert 'pinstream_api_requests_total{method="GET",route="/v1/pins/{pin_id}",status="404"} 1.0' in metrics
    assert 'pinstream_api_refused_total{reason="rate"} 1.0' in metrics


async def test_words_that_are_no_method_make_no_new_series(bench: Bench) -> None:
    async with asked(bench) as service:
        for method in ("GET", "AAAA", "AAAB"):
            await service.client.request(method, "/healthz")
        metrics = (await service.client.get("/metrics")).text

    assert 'pinstream_api_requests_total{method="other",route="/healthz",status="405"} 2.0' in metrics
    assert "AAAA" not in metrics


async def test_only_a_photo_may_be_large(bench: Bench) -> None:
    body = b'{"pin_id": "a", "box": [0, 0, 1, 1], "label": [' + b'"x", ' * 20_000 + b'"x"]}'

    async with asked(bench) as service:
        answer = await service.client.post("/v1/flashlight", content=body, headers={"content-type": "application/json"})
        photo = await service.client.post("/v1/lens", content=body, headers={"content-type": "image/png"})

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:pinstream:problem:body-too-large")
    assert photo.json()["type"] == "urn:pinstream:problem:photo-refused"


async def test_nobody_is_sent_to_a_host_that_the_request_names(bench: Bench) -> None:
    async with asked(bench) as service:
        answers = [
            await service.client.get(path, headers={"host": "evil.example"}) for path in ("/lens/", "/v1/pins/a/")
        ]

    assert [(answer.status_code, "evil" in str(answer.headers)) for answer in answers] == [(404, False)] * 2
