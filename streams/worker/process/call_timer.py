"""How long each call to the index takes, for the metrics."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OnCall = Callable[[float], None]
"""Gets the seconds that a call to the store took, failed ones too; called in the thread that made it."""


def ignore_duration(_seconds: float) -> None:
    """The default of ``on_call``: measures nothing."""


@contextmanager
def time_call(on_call: OnCall) -> Iterator[None]:
    """Report how long the block took, however it ended."""
    begun_s = time.perf_counter()
    try:
        yield
    finally:
        on_call(time.perf_counter() - begun_s)
