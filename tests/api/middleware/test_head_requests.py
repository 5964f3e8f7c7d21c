"""HEAD is answered as GET, without the body."""

import httpx
import pytest

from api.settings import ApiSettings, QuotaSettings
from tests.api.fakes import Bench, start_service
from tests.api.socket_server import serve_on_socket

STREAM = {"accept": "text/event-stream"}


PATHS = [
    "/", "/pins/a", "/web/css/base.css", "/openapi.json", "/healthz", "/readyz", "/v1/pins/a", "/v1/pins/a/objects",
    "/v1/pins/a/related?limit=3", "/v1/pins/a/thumbnail", "/v1/pins/never", "/v1/pins/a/related?limit=0",
    "/v1/fresh", "/v1/lens", "/nowhere",
]  # fmt: skip


async def test_head_is_get_without_the_body(bench: Bench) -> None:
    bench.pin("a")
    wrong = {}

    async with start_service(bench) as service:
        for path in PATHS:
            got, head = await service.client.get(path), await service.client.head(path)
            expected = (got.status_code, sorted(got.headers), got.headers["content-type"], b"")
            answer = (head.status_code, sorted(head.headers), head.headers["content-type"], head.content)
            if answer != expected or not got.content:
                wrong[path] = (answer, expected)

    assert wrong == {}


async def test_head_of_a_stream_ends_and_holds_no_permit(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(streams=1))

    async with start_service(bench) as service:
        answers = [await service.client.head("/v1/fresh", headers=STREAM) for _ in range(3)]

    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
    assert not caplog.records, "a stream that is cut off is no error"


async def test_head_costs_what_get_costs(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(rate_per_s=0.001, burst=1))

    async with start_service(bench) as service:
        statuses = [(await service.client.head("/v1/pins/a")).status_code for _ in range(2)]

    assert statuses == [404, 429]


def test_head_over_a_socket_leaves_the_connection_good(bench: Bench) -> None:
    bench.pin("a")

    with serve_on_socket(bench) as service, httpx.Client(base_url=service.address, timeout=30) as client:
        heads = [client.head(path, headers=STREAM) for path in ("/v1/fresh", "/v1/pins/a/thumbnail", "/")]
        after = client.get("/v1/pins/a")

    assert [answer.status_code for answer in (*heads, after)] == [200] * 4
    assert int(heads[1].headers["content-length"]) > 0
