"""The figures of all partitions of this instance, as the page and the JSON show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from itertools import chain
from operator import add
from typing import Any, Final

from pinstream.events import STAGES
from pinstream.lanes import Lane
from streams.watch.join.histogram import Histogram
from streams.watch.join.ledger import Coverage, PendingPin
from streams.watch.join.pins import PinState
from streams.watch.join.watcher import Watcher
from streams.watch.join.windows import Measure, Window, merged

SLIDING_S: Final = (60, 300, 3600)
MEASURES: Final[tuple[Measure, ...]] = ("freshness", "deletion", "acknowledged", *STAGES)
DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 10_000

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of the last hour."""

    from_ms: int
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchReport:
    """Reads the watcher; everything is as of now."""

    watcher: Watcher

    def sliding(self, span_s: int) -> Window:
        """The last ``span_s``."""
        now_ms = self.watcher.now_ms()
        partitions = self.watcher.partitions.values()
        return merged(chain.from_iterable(each.windows.sliding(span_s, now_ms=now_ms) for each in partitions))

    def minutes(self) -> list[Minute]:
        """The minutes of the last hour that have any outcome, the oldest first."""
        now_ms = self.watcher.now_ms()
        found: dict[int, list[Window]] = {}
        for partition in self.watcher.partitions.values():
            for from_ms, window in partition.windows.tumbling(now_ms=now_ms):
                found.setdefault(from_ms, []).append(window)
        return [Minute(from_ms, merged(windows)) for from_ms, windows in sorted(found.items())]

    def coverage_of(self, window_s: int) -> Coverage:
        """Of the pins published in the last ``window_s``."""
        now_ms = self.watcher.now_ms()
        each = (partition.ledger.coverage(window_s, now_ms=now_ms) for partition in self.watcher.partitions.values())
        return reduce(add, each, Coverage(0, 0, 0, 0, 0))

    def overdue_pins(self) -> list[PendingPin]:
        """The oldest first."""
        pins = chain.from_iterable(partition.ledger.overdue() for partition in self.watcher.partitions.values())
        return sorted(pins, key=lambda pin: pin.publication.since_ms)

    def oldest_age_s(self, lane: Lane | None = None) -> float:
        """Of the pins that are not accounted for, in one lane or in both; 0 where there are none."""
        partitions = self.watcher.partitions.values()
        since = [at_ms for each in partitions if (at_ms := each.ledger.oldest_ms(lane)) is not None]
        return max(self.watcher.now_ms() - min(since), 0) / 1000 if since else 0.0

    def freshness(self) -> Json:
        """Percentiles of ages and stages: sliding windows, and minute by minute."""
        return {
            "sliding": {str(span_s): _measures(self.sliding(span_s)) for span_s in SLIDING_S},
            "tumbling": [
                {
                    "from_ms": minute.from_ms,
                    "measures": _measures(minute.window),
                    "outcomes": dict(minute.window.outcomes),
                    "dead_by_reason": dict(minute.window.reasons),
                }
                for minute in self.minutes()
            ],
        }

    def coverage(self, windows_s: Iterable[int]) -> Json:
        """The share that is searchable, for several windows."""
        return {"windows": {str(span_s): _coverage(self.coverage_of(span_s)) for span_s in windows_s}}

    def overdue(self, limit: int = DEFAULT_LIMIT) -> Json:
        """The oldest ``limit`` pins that are overdue, and how many there are."""
        pins, now_ms = self.overdue_pins(), self.watcher.now_ms()
        kinds = [pin.publication.kind for pin in pins]
        return {
            "total": len(pins),
            "pins": kinds.count("pin"),
            "deletions": kinds.count("deletion"),
            "oldest_age_s": self.oldest_age_s(),
            "waiting": self.watcher.waiting,
            "overdue": [_overdue_pin(pin, now_ms=now_ms) for pin in pins[:limit]],
        }


def pin_as_json(pin_id: str, state: PinState, *, now_ms: int) -> Json:
    """The last state of one pin."""
    publication, outcome = state.publication, state.outcome
    event = None
    if publication is not None:
        event = {
            "version": publication.version,
            "kind": publication.kind,
            "lane": publication.lane,
            "offset": publication.offset,
            "published_at_ms": publication.published_at_ms,
            "age_s": round((now_ms - publication.published_at_ms) / 1000, 3),
            "republished": publication.republished,
        }
    return {
        "pin_id": pin_id,
        "partition": state.partition,
        "standing": state.standing or "unread",
        "event": event,
        "outcome": None if outcome is None else outcome.model_dump(mode="json", exclude_none=True),
    }


def _overdue_pin(pin: PendingPin, *, now_ms: int) -> Json:
    publication = pin.publication
    return {
        "pin_id": pin.pin_id,
        "kind": publication.kind,
        "version": publication.version,
        "lane": publication.lane,
        "partition": pin.partition,
        "offset": publication.offset,
        "published_at_ms": publication.published_at_ms,
        "age_s": round((now_ms - publication.since_ms) / 1000, 3),
        "stuck_in": pin.stuck_in,
    }


def _measures(window: Window) -> Json:
    return {name: _percentiles(window.measures[name]) for name in MEASURES if name in window.measures}


def _percentiles(histogram: Histogram) -> Json:
    return {
        "count": histogram.count,
        **{f"p{share}_ms": _rounded(histogram.percentile(share / 100)) for share in (50, 95, 99)},
        "max_ms": _rounded(histogram.max_ms),
    }


def _coverage(coverage: Coverage) -> Json:
    return {
        "ratio": coverage.ratio,
        "due": coverage.due,
        "searchable": coverage.searchable,
        "dead": coverage.dead,
        "overdue": coverage.overdue,
        "waiting": coverage.waiting,
    }


def _rounded(value_ms: float | None) -> float | None:
    return None if value_ms is None else round(value_ms, 2)
