"""Repeats the model check: Triton calls a model ready whose process has died, and serves any model in its folder."""

import asyncio
import logging
from typing import Final

from inference.errors import ModelUnavailable
from streams.worker.metrics import WorkerMetrics
from streams.worker.protocols import DriftCheck

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 15.0


class ModelWatchdog:
    """Repeats the model check, and counts how it ends."""

    def __init__(self, check: DriftCheck, metrics: WorkerMetrics) -> None:
        self._check = check
        self._metrics = metrics
        self._failing = False

    async def run(self, every_s: float) -> None:
        """Never returns; raises ModelMismatch as soon as Triton serves another model than it should."""
        while True:
            await self._run_check()
            await asyncio.sleep(every_s)

    async def _run_check(self) -> None:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._check.run()
        except (ModelUnavailable, TimeoutError) as exc:
            self._record("failed", exc)
        else:
            self._record("ok", None)
        finally:
            self._metrics.set("model_check_drift_bits", self._check.drift_bits)

    def _record(self, result: str, reason: Exception | None) -> None:
        self._metrics.add("model_check", result)
        if reason is not None and not self._failing:
            log.warning("the model check fails: %s: %s", type(reason).__name__, reason)
        self._failing = reason is not None
