"""One line for each event, though a probed pin has two outcomes: acknowledged, and found by a search."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from cachetools import FIFOCache

from pinstream.events import PinOutcome, Result

HOLD_S: Final = 1.0
_NEVER_PROBED: Final[frozenset[Result]] = frozenset({"dead", "superseded"})
_REMEMBERED: Final = 10_000

EventId = tuple[str, int, int]
"""Topic, partition and offset."""


def event_of(outcome: PinOutcome) -> EventId:
    """The event that ``outcome`` is about."""
    return outcome.topic, outcome.partition, outcome.offset


class LineOrder:
    """Holds back an acknowledged outcome for ``hold_s``, as a probe's outcome may follow; returns each event once."""

    def __init__(self, *, hold_s: float = HOLD_S, now: Callable[[], float] = time.monotonic) -> None:
        self._hold_s = hold_s
        self._now = now
        self._held: OrderedDict[EventId, tuple[PinOutcome, float]] = OrderedDict()
        self._returned: FIFOCache[EventId, None] = FIFOCache(_REMEMBERED)

    def take(self, outcomes: Iterable[PinOutcome]) -> list[PinOutcome]:
        """Add ``outcomes``, and return those to show now, of these and of the ones held back."""
        complete = []
        for outcome in outcomes:
            event = event_of(outcome)
            if event in self._returned:
                continue
            if outcome.visible_at_ms is not None or outcome.outcome in _NEVER_PROBED:
                self._held.pop(event, None)
                complete.append(self._release(event, outcome))
            else:
                self._held[event] = (outcome, self._now() + self._hold_s)
        while self._held and next(iter(self._held.values()))[1] <= self._now():
            event, (outcome, _) = self._held.popitem(last=False)
            complete.append(self._release(event, outcome))
        return complete

    def _release(self, event: EventId, outcome: PinOutcome) -> PinOutcome:
        self._returned[event] = None
        return outcome
