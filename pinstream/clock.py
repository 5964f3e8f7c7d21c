"""The wall clock in the unit of every timestamp here: whole milliseconds since 1970."""

import time


def now_ms() -> int:
    """The time now; where a test must set it, pass it on as a ``Callable[[], int]``."""
    return time.time_ns() // 1_000_000
