"""The models are watched while the worker lives."""

import asyncio

import pytest

from inference.errors import ModelMismatch, ModelUnavailable
from streams.worker.checks.model_watchdog import ModelWatchdog
from streams.worker.metrics import WorkerMetrics


class ScriptedCheck:
    """A check with these results; ``None`` stands for success."""

    def __init__(self, *results: Exception | None, drift_bits: int = 0) -> None:
        self.results = list(results)
        self.drift_bits = drift_bits
        self.used_up = asyncio.Event()

    async def run(self) -> None:
        if not self.results:
            self.used_up.set()
            await asyncio.Event().wait()
        result = self.results.pop(0)
        if result is not None:
            raise result


async def test_checks_are_counted_by_how_they_ended(caplog: pytest.LogCaptureFixture) -> None:
    metrics = WorkerMetrics()
    away = ModelUnavailable("stub is not healthy")
    check = ScriptedCheck(None, away, away, None, drift_bits=3)
    running = asyncio.create_task(ModelWatchdog(check, metrics).run(0.001))

    await check.used_up.wait()
    running.cancel()

    assert metrics.value("pinstream_worker_model_check_total", {"result": "ok"}) == 2
    assert metrics.value("pinstream_worker_model_check_total", {"result": "failed"}) == 2
    assert metrics.value("pinstream_worker_model_check_drift_bits") == 3
    assert [record.levelname for record in caplog.records] == ["WARNING"], "one line for one outage"


async def test_another_model_under_the_version_ends_it_and_is_seen() -> None:
    metrics = WorkerMetrics()

    with pytest.raises(ModelMismatch):
        await ModelWatchdog(ScriptedCheck(None, ModelMismatch("40 bits"), drift_bits=40), metrics).run(0.001)

    assert metrics.value("pinstream_worker_model_check_drift_bits") == 40
