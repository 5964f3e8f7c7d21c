"""How long each stage of a pin takes, for its outcome, the metrics and, where traces are collected, its spans."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from pinstream.events import Stage
from streams.worker.task import PinTask


class StageTimer:
    """Times stages; ``span`` opens the span of a stage: see `streams.worker.tracing`."""

    def __init__(
        self,
        span: Callable[[Stage], AbstractContextManager[object]] = nullcontext,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._span = span
        self._clock = clock

    @contextmanager
    def time(self, task: PinTask, stage: Stage) -> Iterator[None]:
        """Add the duration of the block to the task's stage, however the block ends; a stage may come twice."""
        task.stage = stage
        begun_s = self._clock()
        try:
            with self._span(stage):
                yield
        finally:
            task.stages_ms[stage] = task.stages_ms.get(stage, 0.0) + (self._clock() - begun_s) * 1000
