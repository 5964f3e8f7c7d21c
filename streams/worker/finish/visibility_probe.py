"""Measures freshness: searches for a sample of the written pins until a search returns them."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Final

from pinstream.clock import now_ms
from pinstream.errors import IndexUnavailable, VectorIndexError
from pinstream.events import PinOutcome
from pinstream.store.codes import Code
from pinstream.store.collection import TOMBSTONE_CODE, WHOLE_SLOT, Where
from pinstream.store.vector_store import Match
from streams.worker.metrics import WorkerMetrics
from streams.worker.protocols import OutcomeSink, Search
from streams.worker.settings import ProbeSettings

_FIRST_WAIT_S: Final = 0.001
_MAX_WAIT_S: Final = 0.05


class VisibilityProbe:
    """Searches for a sample of the pins until a search returns them (or, deleted, returns them no more).

    Nothing waits for it: it holds no credit and no offset. What it finds is a second outcome record of the pin.
    """

    def __init__(
        self,
        search: Search,
        outcomes: OutcomeSink,
        metrics: WorkerMetrics,
        *,
        limits: ProbeSettings,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._search = search
        self._outcomes = outcomes
        self._metrics = metrics
        self._limits = limits
        self._draw = draw
        self._probes: dict[asyncio.Task[None], str] = {}

    def offer(self, outcome: PinOutcome, whole: Code | None) -> None:
        """Begin a probe of a pin that was just written or deleted, if it is drawn for the sample."""
        if self._draw() >= self._limits.ratio:
            return
        if len(self._probes) >= self._limits.max_open:
            self._metrics.add("probes", "skipped")
            return
        task = asyncio.get_running_loop().create_task(self._probe(outcome, whole or TOMBSTONE_CODE))
        self._probes[task] = outcome.pin_id
        task.add_done_callback(self._probes.pop)

    def cancel(self, pin_id: str) -> None:
        """End the probe of a pin that has a newer outcome."""
        for task, pin in self._probes.items():
            if pin == pin_id:
                task.cancel()

    async def close(self, deadline_s: float) -> None:
        """Wait for the running probes, at most ``deadline_s``, then cancel them."""
        if self._probes:
            await asyncio.wait(self._probes, timeout=deadline_s)
        for task in self._probes:
            task.cancel()
        if self._probes:
            await asyncio.wait(self._probes)

    async def _probe(self, outcome: PinOutcome, code: Code) -> None:
        begun_s = time.perf_counter()
        try:
            async with asyncio.timeout(self._limits.give_up_s):
                visible = await self._wait_until_visible(outcome, code)
        except (TimeoutError, VectorIndexError) as exc:
            self._metrics.add("probes", "timeout" if isinstance(exc, TimeoutError) else "failed")
            return
        if not visible:
            self._metrics.add("probes", "replaced")
            return
        visible_at_ms = now_ms()
        visible_s = time.perf_counter() - begun_s
        with_visibility = outcome.model_copy(
            update={
                "visible_at_ms": visible_at_ms,
                "stages_ms": {**outcome.stages_ms, "visible": round(visible_s * 1000, 2)},
            }
        )
        self._metrics.add("probes", "visible")
        self._metrics.add_stages([("visible", visible_s * 1000)])
        self._metrics.observe("freshness", max(visible_at_ms - outcome.published_at_ms, 0) / 1000)
        self._outcomes.write(with_visibility)

    async def _wait_until_visible(self, outcome: PinOutcome, code: Code) -> bool:
        """True once a search shows the pin at this version; False once it shows a newer one."""
        where = Where(pins=frozenset({outcome.pin_id}), slots="whole")
        wait_s = _FIRST_WAIT_S
        while True:
            try:
                found = await self._search(code, where)
            except IndexUnavailable:
                pass  # searched again: an outage counts towards the pin's age
            else:
                if (visible := _visibility(outcome, found)) is not None:
                    return visible
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, _MAX_WAIT_S)


def _visibility(outcome: PinOutcome, found: list[Match]) -> bool | None:
    """Whether readers see the outcome's state: True now, None not yet, False never, since a newer one replaced it."""
    version = next((match.row.version for match in found if match.row.slot == WHOLE_SLOT), None)
    if outcome.outcome == "deleted" and version is None:
        return True
    if outcome.outcome != "deleted" and version == outcome.version:
        return True
    return False if (version or 0) > (outcome.version or 0) else None
