"""The models are watched while the worker lives."""

import asyncio

import pytest

from inference.errors import ModelMismatch, ModelUnavailable
from streams.worker.metrics import WorkerMetrics
from streams.worker.model_check import ModelWatchdog


class Singer:
    """A canary with one answer a look; ``None`` stands for all is well."""

    def __init__(self, *answers: Exception | None, drift_bits: int = 0) -> None:
        self.answers = list(answers)
        self.drift_bits = drift_bits
        self.silent = asyncio.Event()

    async def run(self) -> None:
        if not self.answers:
            self.silent.set()
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if answer is not None:
            raise answer


async def test_looks_are_counted_by_how_they_ended(caplog: pytest.LogCaptureFixture) -> None:
    metrics = WorkerMetrics()
    away = ModelUnavailable("stub is not healthy")
    singer = Singer(None, away, away, None, drift_bits=3)
    keeping = asyncio.create_task(ModelWatchdog(singer, metrics).keep(0.001))

    await singer.silent.wait()
    keeping.cancel()

    assert metrics.value("pinstream_worker_model_check_total", {"result": "ok"}) == 2
    assert metrics.value("pinstream_worker_model_check_total", {"result": "failed"}) == 2
    assert metrics.value("pinstream_worker_model_check_drift_bits") == 3
    assert [record.levelname for record in caplog.records] == ["WARNING"], "one line for one outage"


async def test_another_model_under_the_version_ends_it_and_is_seen() -> None:
    metrics = WorkerMetrics()

    with pytest.raises(ModelMismatch):
        await ModelWatchdog(Singer(None, ModelMismatch("40 bits"), drift_bits=40), metrics).keep(0.001)

    assert metrics.value("pinstream_worker_model_check_drift_bits") == 40
