"""A real canary process on the test stack."""

from typing import Self

from tests.integration.running_worker import RunningWorker, eventually


class RunningCanary(RunningWorker):
    """``python -m streams canary`` as a child process; a ``with`` block runs rounds until it ends."""

    command = "canary"

    def __enter__(self) -> Self:
        self.start()
        eventually(lambda: self.ask("/metrics") is not None, what="the canary's metrics")
        return self
