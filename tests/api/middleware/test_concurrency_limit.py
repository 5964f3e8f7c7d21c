"""A bounded number runs, a bounded number waits, the rest is refused with the time to retry."""

import asyncio

import pytest

from api.metrics import ApiMetrics
from api.middleware.concurrency_limit import ConcurrencyLimit
from api.middleware.problems import Problem
from api.settings import ApiSettings, QuotaSettings
from tests.api.fakes import RED, Bench, paint_picture, start_service


async def test_the_line_is_bounded_and_moves_on() -> None:
    metrics, leave = ApiMetrics(), asyncio.Event()
    limit = ConcurrencyLimit("models", running=1, waiting=1, metrics=metrics, clock=lambda: 0.0)
    order: list[str] = []

    async def visit(name: str) -> None:
        async with limit.permit():
            order.append(name)
            await leave.wait()

    visits = [asyncio.create_task(visit(name)) for name in ("first", "second")]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await visit("third")
    waiting = metrics.value("pinstream_api_limit_waiting", {"limit": "models"})
    leave.set()
    await asyncio.gather(*visits)

    assert (refused.value.status, refused.value.kind) == (429, "models-busy")
    assert refused.value.retry_after_s == pytest.approx(0.2)
    assert (order, waiting) == (["first", "second"], 1)
    assert metrics.value("pinstream_api_limit_in_use", {"limit": "models"}) == 0
    assert metrics.value("pinstream_api_refused_total", {"reason": "full"}) == 1


async def test_a_caller_that_stops_waiting_leaves_the_line() -> None:
    limit, leave = ConcurrencyLimit("index", running=1, waiting=1, metrics=ApiMetrics()), asyncio.Event()

    async def visit() -> None:
        async with limit.permit():
            await leave.wait()

    inside = asyncio.create_task(visit())
    await asyncio.sleep(0)
    cancelled = asyncio.create_task(visit())
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])
    waiting = asyncio.create_task(visit())
    await asyncio.sleep(0)
    leave.set()
    await asyncio.gather(inside, waiting)


async def test_a_full_triton_is_answered_with_429_and_searches_go_on(bench: Bench) -> None:
    bench.settings = ApiSettings(quota=QuotaSettings(models=1, models_waiting=1))
    bench.pin("red", RED)
    bench.models.answers.clear()
    photo, headers = paint_picture(RED), {"content-type": "image/png"}

    async with start_service(bench) as service:
        calls = [asyncio.create_task(service.client.post("/v1/lens", content=photo, headers=headers)) for _ in range(3)]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        search = await service.client.get("/v1/pins/red/related")
        bench.models.answers.set()
        statuses = sorted([answer.status_code for answer in await asyncio.gather(*calls)])

    refused = next(iter(done)).result()
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert search.status_code == 200
    assert statuses == [200, 200, 429]


async def test_a_request_that_takes_too_long_is_ended(bench: Bench) -> None:
    bench.settings = ApiSettings(api={"timeout_s": 0.05})
    bench.models.answers.clear()

    async with start_service(bench) as service:
        answer = await service.client.post(
            "/v1/lens", content=paint_picture(RED), headers={"content-type": "image/png"}
        )

    assert (answer.status_code, answer.json()["type"]) == (503, "urn:pinstream:problem:too-slow")
    assert answer.headers["retry-after"]
