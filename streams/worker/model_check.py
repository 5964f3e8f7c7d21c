"""The models are watched: Triton calls a model ready whose process has died, and serves whatever lies in its folder."""

import asyncio
import logging
from typing import Final, Protocol

from inference.errors import ModelUnavailable
from streams.worker.metrics import WorkerMetrics

log = logging.getLogger(__name__)

_TIMEOUT_S: Final = 15.0


class Check(Protocol):
    """See `inference.model_check.ModelCheck`."""

    drift_bits: int

    async def run(self) -> object:
        """Returns if both models answer as they should; raises ModelUnavailable or ModelMismatch."""
        ...


class ModelWatchdog:
    """One small picture sent through both models, again and again."""

    def __init__(self, canary: Check, metrics: WorkerMetrics) -> None:
        self._canary = canary
        self._metrics = metrics
        self._failing = False

    async def keep(self, every_s: float) -> None:
        """Never returns; raises ModelMismatch as soon as Triton serves another model than it should."""
        while True:
            await self.look()
            await asyncio.sleep(every_s)

    async def look(self) -> None:
        """Ask once, and count how it went."""
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                await self._canary.run()
        except (ModelUnavailable, TimeoutError) as exc:
            self._ended("failed", exc)
        else:
            self._ended("ok", None)
        finally:
            self._metrics.set("model_check_drift_bits", self._canary.drift_bits)

    def _ended(self, result: str, reason: Exception | None) -> None:
        self._metrics.add("model_check", result)
        if reason is not None and not self._failing:
            log.warning("the model check fails: %s: %s", type(reason).__name__, reason)
        self._failing = reason is not None
