"""Default versions: the clock in ms, increased where needed so that every change of a pin gets a greater one."""

import threading
from collections.abc import Callable
from typing import Final

from cachetools import LRUCache

REMEMBERED_PINS: Final = 10_000


class VersionClock:
    """The clock in ms, but for each pin always above the versions that it has had so far.

    Two changes of one pin within a millisecond would otherwise have one version, and the second would be taken for a
    repeat of the first. Only the last ``remembered`` pins are compared. Thread-safe.
    """

    def __init__(self, now_ms: Callable[[], int], *, remembered: int = REMEMBERED_PINS) -> None:
        self._now_ms = now_ms
        self._last: LRUCache[str, int] = LRUCache(remembered)
        self._lock = threading.Lock()

    def next(self, pin_id: str) -> int:
        """A version above all earlier ones of this pin."""
        with self._lock:
            version = max(self._now_ms(), self._last.get(pin_id, 0) + 1)
            self._last[pin_id] = version
            return version

    def note(self, pin_id: str, version: int) -> None:
        """Take note of a version that the caller chose."""
        with self._lock:
            self._last[pin_id] = max(version, self._last.get(pin_id, 0))
