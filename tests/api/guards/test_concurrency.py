"""So many inside, so many waiting, the rest told when to come again."""

import asyncio

import pytest

from api.guards.concurrency import ConcurrencyLimit
from api.guards.problems import Problem
from api.metrics import ApiMetrics
from api.settings import ApiSettings, QuotaSettings
from tests.api.fakes import RED, Bench, asked, painted


async def test_the_line_is_bounded_and_moves_on() -> None:
    metrics, leave = ApiMetrics(), asyncio.Event()
    gate = ConcurrencyLimit("models", places=1, waiting=1, metrics=metrics, clock=lambda: 0.0)
    order: list[str] = []

    async def visit(name: str) -> None:
        async with gate.place():
            order.append(name)
            await leave.wait()

    visits = [asyncio.create_task(visit(name)) for name in ("first", "second")]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await visit("third")
    waiting = metrics.value("pinstream_api_gate_waiting", {"gate": "models"})
    leave.set()
    await asyncio.gather(*visits)

    assert (refused.value.status, refused.value.kind) == (429, "models-busy")
    assert refused.value.retry_after_s == pytest.approx(0.2)
    assert (order, waiting) == (["first", "second"], 1)
    assert metrics.value("pinstream_api_gate_in_use", {"gate": "models"}) == 0
    assert metrics.value("pinstream_api_refused_total", {"reason": "full"}) == 1


async def test_whoever_gives_up_waiting_leaves_the_line() -> None:
    gate, leave = ConcurrencyLimit("index", places=1, waiting=1, metrics=ApiMetrics()), asyncio.Event()

    async def visit() -> None:
        async with gate.place():
            await leave.wait()

    inside = asyncio.create_task(visit())
    await asyncio.sleep(0)
    impatient = asyncio.create_task(visit())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.wait([impatient])
    patient = asyncio.create_task(visit())
    await asyncio.sleep(0)
    leave.set()
    await asyncio.gather(inside, patient)


async def test_a_full_triton_is_answered_with_429_and_searches_go_on(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(models=1, models_waiting=1))
    bench.pin("red", RED)
    bench.models.answers.clear()
    photo, headers = painted(RED), {"content-type": "image/png"}

    async with asked(bench) as service:
        calls = [asyncio.create_task(service.client.post("/v1/lens", content=photo, headers=headers)) for _ in range(3)]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        search = await service.client.get("/v1/pins/red/related")
        bench.models.answers.set()
        statuses = sorted([answer.status_code for answer in await asyncio.gather(*calls)])

    refused = next(iter(done)).result()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert search.status_code == 200
    assert statuses == [200, 200, 429]


async def test_what_takes_too_long_is_given_up(bench: Bench) -> None:
    bench.settings = ApiSettings(api={"timeout_s": 0.05})
    bench.models.answers.clear()

    async with asked(bench) as service:
        answer = await service.client.post("/v1/lens", content=painted(RED), headers={"content-type": "image/png"})

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:pinstream:problem:too-slow")
    assert answer.headers["retry-after"]
