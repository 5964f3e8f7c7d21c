"""Liveness is progress, readiness is real work."""

from collections.abc import Awaitable, Callable

import pytest
from aiohttp.test_utils import TestClient, TestServer

from inference.errors import ModelUnavailable
from pinstream.errors import IndexUnavailable
from streams.worker.checks.health import HealthChecks, WorkerState, application, is_alive
from streams.worker.metrics import WorkerMetrics


def test_lag_without_a_finished_pin_is_unhealthy_unless_an_outage_is_waited_out() -> None:
    caught_up = WorkerState(behind=False, since_finished_s=999, partitions=1, held=0)
    busy = WorkerState(behind=True, since_finished_s=1, partitions=1, held=1)
    stuck = WorkerState(behind=True, since_finished_s=61, partitions=1, held=1)
    waiting = WorkerState(behind=True, since_finished_s=61, partitions=1, held=1, away_s={"triton": 61})

    alive = [is_alive(state, stuck_s=60) for state in (caught_up, busy, stuck, waiting)]

    assert alive == [True, True, False, True]


async def answer(path: str, check_readiness: Callable[[], Awaitable[None]]) -> tuple[int, str]:
    metrics = WorkerMetrics()
    checks = HealthChecks(
        state=lambda: WorkerState(behind=True, since_finished_s=61, partitions=2, held=1),
        check_readiness=check_readiness,
        set_gauges=lambda: metrics.set("queued", 3),
        registry=metrics.registry,
        stuck_s=60,
    )
    async with TestClient(TestServer(application(checks))) as client:
        reply = await client.get(path)
        return reply.status, await reply.text()


async def succeed() -> None:
    """Every model and the index answered."""


@pytest.mark.parametrize("error", [ModelUnavailable("Triton is away"), IndexUnavailable("Milvus is away")])
async def test_readiness_is_the_readiness_check(error: Exception) -> None:
    async def fail() -> None:
        raise error

    assert (await answer("/readyz", succeed))[0] == 200
    status, body = await answer("/readyz", fail)
    assert status == 503
    assert str(error) in body


async def test_a_stuck_worker_says_so() -> None:
    status, body = await answer("/healthz", succeed)

    assert status == 503
    assert '"alive": false' in body


async def test_gauges_are_fresh_when_metrics_are_asked_for() -> None:
    _, body = await answer("/metrics", succeed)

    assert "pinstream_worker_queued 3.0" in body
