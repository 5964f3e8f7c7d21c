"""Readiness is a real search; without the models or Kafka the rest still serves, and the answer says so."""

from inference.errors import ModelUnavailable
from pinstream.codes import Code
from pinstream.collection import Where
from pinstream.errors import IndexUnavailable
from pinstream.memory import MemoryStore
from pinstream.store import Consistency, Ranking
from tests.api.fakes import Bench, asked


class Away(MemoryStore):
    def ranked(
        self, codes: "list[Code]", *, where: Where, at_least: int, consistency: Consistency = "Bounded"
    ) -> list[Ranking]:
        raise IndexUnavailable("Milvus at 10.0.0.9: away")


async def test_a_service_that_can_search_is_ready(bench: Bench) -> None:
    async with asked(bench) as service:
        answer = await service.client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "index": "ok", "models": "ok", "kafka": "away"}


async def test_without_models_it_is_ready_and_says_what_lacks(bench: Bench) -> None:
    bench.models.failure = ModelUnavailable("away")

    async with asked(bench) as service:
        service.parts.feed.connected(True)
        answer = await service.client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "index": "ok", "models": "ModelUnavailable", "kafka": "ok"}


async def test_without_the_index_it_is_not_and_tells_strangers_no_address(bench: Bench) -> None:
    bench.store = Away()

    async with asked(bench) as service:
        answer = await service.client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["index"] == "IndexUnavailable"
    assert "10.0.0.9" not in answer.text


async def test_the_page_is_served_at_every_address_of_it(bench: Bench) -> None:
    async with asked(bench) as service:
        pages = [await service.client.get(path) for path in ("/", "/pins/a", "/lens", "/?pin=a")]

    assert {page.headers["content-type"] for page in pages} == {"text/html; charset=utf-8"}
    assert len({page.text for page in pages}) == 1
