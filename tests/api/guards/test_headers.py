"""What every answer's head says, errors of the service included; and HEAD, which asks for nothing else."""

from collections.abc import Sequence

import httpx
import pytest

from api.settings import ApiSettings, QuotaSettings
from pinstream.store.collection import Row
from pinstream.store.memory import MemoryStore
from pinstream.store.vector_store import Consistency
from tests.api.fakes import Bench, asked
from tests.api.serving import served

STREAM = {"accept": "text/event-stream"}


class Broken(MemoryStore):
    """Has a bug."""

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> dict[str, Row]:
        raise ZeroDivisionError("a bug")


async def test_every_answer_forbids_the_browser_what_the_page_does_not_need(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.store = Broken()

    async with asked(bench) as service:
        paths = ("/", "/healthz", "/nowhere", "/v1/pins/a")
        answers: list[httpx.Response] = [await service.client.get(path) for path in paths]

    assert [answer.status_code for answer in answers] == [200, 200, 404, 500]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert answers[3].json()["type"] == "urn:pinstream:problem:internal-error"
    assert "a bug" not in answers[3].text
    assert "a bug" in caplog.text
    caplog.clear()


@pytest.mark.parametrize(
    "path",
    [
        "/", "/pins/a", "/web/css/base.css", "/openapi.json", "/healthz", "/readyz", "/v1/pins/a", "/v1/pins/a/objects",
        "/v1/pins/a/related?limit=3", "/v1/pins/a/thumbnail", "/v1/pins/never", "/v1/pins/a/related?limit=0",
        "/v1/fresh", "/v1/lens", "/nowhere",
    ],
)  # fmt: skip
async def test_head_is_get_without_the_body(bench: Bench, path: str) -> None:
    bench.pin("a")

    async with asked(bench) as service:
        got = await service.client.get(path)
        head = await service.client.head(path)

    assert (head.status_code, sorted(head.headers)) == (got.status_code, sorted(got.headers))
    assert head.headers["content-type"] == got.headers["content-type"]
    assert (head.content, got.content != b"") == (b"", True)


async def test_head_of_a_stream_ends_and_takes_no_place(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(streams=1))

    async with asked(bench) as service:
        answers = [await service.client.head("/v1/fresh", headers=STREAM) for _ in range(3)]

    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
    assert not caplog.records, "what is not sent is no error"


async def test_head_costs_what_get_costs(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(rate_per_s=0.001, burst=1))

    async with asked(bench) as service:
        statuses = [(await service.client.head("/v1/pins/a")).status_code for _ in range(2)]

    assert statuses == [404, 429]


def test_head_over_a_socket_leaves_the_connection_good(bench: Bench) -> None:
    bench.pin("a")

    with served(bench) as service, httpx.Client(base_url=service.address, timeout=30) as client:
        heads = [client.head(path, headers=STREAM) for path in ("/v1/fresh", "/v1/pins/a/thumbnail", "/")]
        after = client.get("/v1/pins/a")

    assert [answer.status_code for answer in (*heads, after)] == [200] * 4
    assert int(heads[1].headers["content-length"]) > 0
