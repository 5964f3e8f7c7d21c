"""One line per event: a probed pin is reported twice, when it is settled and when a search has found it."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from cachetools import FIFOCache

from pinstream.events import PinOutcome, Result

HOLD_S: Final = 1.0
_NEVER_PROBED: Final[frozenset[Result]] = frozenset({"dead", "superseded"})
_REMEMBERED: Final = 10_000

EventPlace = tuple[str, int, int]
"""Topic, partition and offset: which event an outcome is about."""


def place_of(outcome: PinOutcome) -> EventPlace:
    """The event that ``outcome`` is about."""
    return outcome.topic, outcome.partition, outcome.offset


class LineOrder:
    """Holds a settled outcome for a moment, in case the probe's answer follows; gives each event once."""

    def __init__(self, *, hold_s: float = HOLD_S, now: Callable[[], float] = time.monotonic) -> None:
        self._hold_s = hold_s
        self._now = now
        self._held: OrderedDict[EventPlace, tuple[PinOutcome, float]] = OrderedDict()
        self._given: FIFOCache[EventPlace, None] = FIFOCache(_REMEMBERED)

    def take(self, outcomes: Iterable[PinOutcome]) -> list[PinOutcome]:
        """What can be shown now, of these and of those that were held."""
        complete = []
        for outcome in outcomes:
            place = place_of(outcome)
            if place in self._given:
                continue
            if outcome.visible_at_ms is not None or outcome.outcome in _NEVER_PROBED:
                self._held.pop(place, None)
                complete.append(self._give(place, outcome))
            else:
                self._held[place] = (outcome, self._now() + self._hold_s)
        while self._held and next(iter(self._held.values()))[1] <= self._now():
            place, (outcome, _) = self._held.popitem(last=False)
            complete.append(self._give(place, outcome))
        return complete

    def _give(self, place: EventPlace, outcome: PinOutcome) -> PinOutcome:
        self._given[place] = None
        return outcome
