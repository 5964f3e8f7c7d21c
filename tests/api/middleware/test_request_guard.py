"""Requests without a key, above the rate or with too large a body are refused."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from api.settings import ApiSettings, QuotaSettings, ServiceSettings
from tests.api.fakes import Bench, start_service


async def test_a_caller_above_the_rate_gets_the_time_to_retry(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(rate_per_s=0.001, burst=2))

    async with start_service(bench) as service:
        statuses = [(await service.client.get("/v1/pins/a")).status_code for _ in range(3)]
        last = await service.client.get("/v1/pins/a")
        page = await service.client.get("/")

    assert statuses == [404, 404, 429]
    assert int(last.headers["retry-after"]) > 100
    assert last.json()["type"] == "urn:pinstream:problem:too-many-requests"
    assert page.status_code == 200


async def test_only_a_valid_key_is_accepted(bench: Bench) -> None:
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

    async with start_service(bench) as service:
        answers = {who: await service.client.get("/v1/pins/a", headers=each) for who, each in given_keys.items()}
        odd = await service.client.get("/v1/pins/a", headers={b"authorization": "Bearer zwei ä".encode()})
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

    async with start_service(bench) as service:
        content = endless() if is_streamed else bytes(10_001)
        lens = await service.client.post("/v1/lens", content=content, headers={"content-type": "image/png"})
        json = await service.client.post("/v1/flashlight", content=bytes(10_001))

    assert (lens.status_code, json.status_code) == (413, 413)
    assert lens.headers["content-type"] == "application/problem+json"
    assert lens.json()["type"] == json.json()["type"] == "urn:pinstream:problem:body-too-large"
    assert sent <= 12_000
    assert bench.models.calls == 0


async def test_pages_of_other_origins_may_call_only_if_the_settings_allow_it(bench: Bench) -> None:
    preflight = {"origin": "https://shop.example", "access-control-request-method": "POST"}

    async with start_service(bench) as service:
        closed = await service.client.options("/v1/lens", headers=preflight)
    bench.settings = ApiSettings(api=ServiceSettings(cors_origins=("https://shop.example",)))
    async with start_service(bench) as service:
        opened = await service.client.options("/v1/lens", headers=preflight)
        friend = await service.client.get("/v1/pins/a", headers={"origin": "https://shop.example"})
        stranger = await service.client.get("/v1/pins/a", headers={"origin": "https://evil.example"})

    assert "access-control-allow-origin" not in closed.headers
    assert opened.headers["access-control-allow-origin"] == "https://shop.example"
    assert "X-Pinstream-Picture" in friend.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in stranger.headers


async def test_requests_are_counted_by_route_and_refusals_by_reason(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(rate_per_s=0.001, burst=1))

    async with start_service(bench) as service:
        for _ in range(2):
            await service.client.get("/v1/pins/a")
        metrics = (await service.client.get("/metrics")).text

    assert 'pinstream_api_requests_total{method="GET",route="/v1/pins/{pin_id}",status="404"} 1.0' in metrics
    assert 'pinstream_api_refused_total{reason="rate"} 1.0' in metrics


async def test_unknown_methods_make_no_new_metric_series(bench: Bench) -> None:
    async with start_service(bench) as service:
        for method in ("GET", "AAAA", "AAAB"):
            await service.client.request(method, "/healthz")
        metrics = (await service.client.get("/metrics")).text

    assert 'pinstream_api_requests_total{method="other",route="/healthz",status="405"} 2.0' in metrics
    assert "AAAA" not in metrics


async def test_only_a_photo_may_be_large(bench: Bench) -> None:
    body = b'{"pin_id": "a", "box": [0, 0, 1, 1], "label": [' + b'"x", ' * 20_000 + b'"x"]}'

    async with start_service(bench) as service:
        answer = await service.client.post("/v1/flashlight", content=body, headers={"content-type": "application/json"})
        photo = await service.client.post("/v1/lens", content=body, headers={"content-type": "image/png"})

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:pinstream:problem:body-too-large")
    assert photo.json()["type"] == "urn:pinstream:problem:photo-refused"


async def test_no_redirect_goes_to_a_host_that_the_request_names(bench: Bench) -> None:
    async with start_service(bench) as service:
        answers = [
            await service.client.get(path, headers={"host": "evil.example"}) for path in ("/lens/", "/v1/pins/a/")
        ]

    assert [(answer.status_code, "evil" in str(answer.headers)) for answer in answers] == [(404, False)] * 2
