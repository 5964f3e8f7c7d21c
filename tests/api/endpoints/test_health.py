"""Readiness needs a real search; without models or Kafka the service is ready and says so."""

import asyncio
from collections.abc import Sequence

from api.endpoints.health import NotReadyBody
from api.settings import ApiSettings, QuotaSettings
from inference.errors import EmbeddingMismatch, ModelMismatch, ModelUnavailable, OtherModels
from pinstream.errors import IndexUnavailable
from pinstream.store.codes import Code
from pinstream.store.collection import Where
from pinstream.store.memory import MemoryStore
from pinstream.store.vector_store import Consistency, Ranking
from tests.api.fakes import Bench, start_service


class Away(MemoryStore):
    def nearest(
        self, codes: Sequence[Code], *, where: Where, at_least: int, consistency: Consistency = "Bounded"
    ) -> list[Ranking]:
        raise IndexUnavailable("Milvus at 10.0.0.9: away")


async def test_a_service_that_can_search_is_ready(bench: Bench) -> None:
    async with start_service(bench) as service:
        answer = await service.client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "index": "ok", "models": "ok", "kafka": "away"}


async def test_a_service_without_models_is_ready_and_says_so(bench: Bench) -> None:
    bench.models.failure = ModelUnavailable("away")

    async with start_service(bench) as service:
        service.deps.feed.set_connected(True)
        answer = await service.client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "index": "ok", "models": "ModelUnavailable", "kafka": "ok"}


async def test_a_service_without_index_is_not_ready_and_shows_no_address(bench: Bench) -> None:
    bench.store = Away()

    async with start_service(bench) as service:
        answer = await service.client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["index"] == "IndexUnavailable"
    assert answer.headers["content-type"] == "application/problem+json"
    assert "10.0.0.9" not in answer.text


async def test_a_service_with_models_of_another_embedding_is_not_ready_and_names_both(bench: Bench) -> None:
    bench.models.failure = EmbeddingMismatch("embed: Triton serves 0f, an index of embedding version 1 holds f0")

    async with start_service(bench) as service:
        answer = await service.client.get("/readyz")

    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert NotReadyBody.model_validate(answer.json()) == NotReadyBody(
        type="urn:pinstream:problem:embedding-mismatch", title="Embedding mismatch", status=503,
        detail="embed: Triton serves 0f, an index of embedding version 1 holds f0",
        field=None, pin_id=None, state=None,
        ready=False, index="ok", models="EmbeddingMismatch", kafka="away",
    )  # fmt: skip


async def test_a_service_with_other_models_is_not_ready_and_shows_no_address(bench: Bench) -> None:
    bench.models.failure = OtherModels("Triton at 10.0.0.9: embed has versions 2; this program needs 1")

    async with start_service(bench) as service:
        answer = await service.client.get("/readyz")

    assert (answer.status_code, answer.json()["ready"], answer.json()["models"]) == (503, False, "OtherModels")
    assert "embedding version 1, which the index holds" in answer.json()["detail"]
    assert "10.0.0.9" not in answer.text


async def test_a_service_that_the_models_refuse_is_ready(bench: Bench) -> None:
    bench.models.failure = ModelMismatch("Triton at 10.0.0.9: UNAUTHENTICATED: token expired")

    async with start_service(bench) as service:
        answer = await service.client.get("/readyz")

    assert (answer.status_code, answer.json()["ready"], answer.json()["models"]) == (200, True, "ModelMismatch")


async def test_concurrent_readiness_checks_cost_one_inference(bench: Bench) -> None:
    now_s = 0.0
    bench.models.answers.clear()

    async with start_service(bench) as service:
        service.deps.readiness.clock = lambda: now_s
        asking = [asyncio.create_task(service.client.get("/readyz")) for _ in range(20)]
        while not bench.models.calls:
            await asyncio.sleep(0)
        bench.models.answers.set()
        statuses = {answer.status_code for answer in await asyncio.gather(*asking)}
        at_once = bench.models.calls
        now_s = 1.0
        await service.client.get("/readyz")

    assert statuses == {200}
    assert (at_once, bench.models.calls) == (1, 2)


async def test_a_service_with_a_busy_index_is_ready(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(searches=1, searches_waiting=0))

    async with start_service(bench) as service, service.deps.searches.limit.permit():
        answer = await service.client.get("/readyz")

    assert (answer.status_code, answer.json()["index"]) == (200, "busy")


async def test_the_page_is_served_at_every_address_of_it(bench: Bench) -> None:
    async with start_service(bench) as service:
        pages = [await service.client.get(path) for path in ("/", "/pins/a", "/lens", "/?pin=a")]

    assert {page.headers["content-type"] for page in pages} == {"text/html; charset=utf-8"}
    assert len({page.text for page in pages}) == 1
