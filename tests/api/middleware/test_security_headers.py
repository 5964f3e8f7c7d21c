"""Every answer has the security headers, errors of the service included."""

from collections.abc import Sequence

import httpx
import pytest

from pinstream.store.collection import Row
from pinstream.store.memory import MemoryStore
from pinstream.store.vector_store import Consistency
from tests.api.fakes import Bench, start_service


class Broken(MemoryStore):
    """Has a bug."""

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> dict[str, Row]:
        raise ZeroDivisionError("a bug")


async def test_every_answer_forbids_the_browser_what_the_page_does_not_need(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.store = Broken()

    async with start_service(bench) as service:
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
