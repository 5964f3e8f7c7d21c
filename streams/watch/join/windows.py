"""How fresh pins were and what became of them, in windows of time."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from pinstream.events import PinOutcome, Result, Stage
from streams.watch.join.histogram import Histogram

Measure = Literal["freshness", "deletion", "acknowledged"] | Stage
"""Ages when a search first found the pin, or no longer found it, and when it was acknowledged; and each stage."""

FINE_S: Final = 10
COARSE_S: Final = 60
_FINE_KEPT: Final = 31
_COARSE_KEPT: Final = 61
_MAX_REASONS: Final = 12
_REASON_CHARS: Final = 60


@dataclass(slots=True)
class Window:
    """The outcomes of one span of time."""

    measures: dict[Measure, Histogram] = field(default_factory=dict)
    outcomes: Counter[Result] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Dead letters by class of the error; classes after the first 12 are counted as `other`."""

    def add(self, sample: "OutcomeSample") -> None:
        for measure, value_ms in sample.measures:
            self.measures.setdefault(measure, Histogram()).add(value_ms)
        if sample.outcome is not None:
            self.outcomes[sample.outcome] += 1
        if sample.reason is not None:
            known = sample.reason in self.reasons or len(self.reasons) < _MAX_REASONS
            self.reasons[sample.reason if known else "other"] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSample:
    """What one record of ``pins.indexed`` adds to the windows."""

    at_ms: int
    measures: tuple[tuple[Measure, float], ...]
    outcome: Result | None
    """None in the second record of a probed pin, which says when a search first found it."""
    reason: str | None


def sample_of(outcome: PinOutcome, *, with_age: bool = True) -> OutcomeSample:
    """The sample of one outcome; without its age where that says nothing about freshness."""
    if outcome.visible_at_ms is not None:
        measure: Measure = "deletion" if outcome.outcome == "deleted" else "freshness"
        ages: list[tuple[Measure, float]] = [(measure, max(outcome.freshness_ms or 0, 0))] if with_age else []
        if "visible" in outcome.stages_ms:
            ages.append(("visible", outcome.stages_ms["visible"]))
        return OutcomeSample(at_ms=outcome.visible_at_ms, measures=tuple(ages), outcome=None, reason=None)
    if outcome.outcome == "dead":
        reason = reason_class(outcome.reason)
        return OutcomeSample(at_ms=outcome.finished_at_ms, measures=(), outcome="dead", reason=reason)
    measures: list[tuple[Measure, float]] = list(outcome.stages_ms.items())
    if with_age and outcome.outcome in ("indexed", "deleted"):
        measures.append(("acknowledged", max(outcome.finished_at_ms - outcome.published_at_ms, 0)))
    return OutcomeSample(at_ms=outcome.finished_at_ms, measures=tuple(measures), outcome=outcome.outcome, reason=None)


def reason_class(reason: str | None) -> str:
    """By which dead pins are counted: ``fetch: FetchFailed`` for ``fetch: FetchFailed: 404 from ...``."""
    return ": ".join(part.strip() for part in (reason or "unknown").split(":")[:2])[:_REASON_CHARS]


class Windows:
    """The last five minutes in steps of 10 s, for sliding windows, and the last hour in steps of a minute."""

    def __init__(self) -> None:
        self._fine: dict[int, Window] = {}
        self._coarse: dict[int, Window] = {}

    def add(self, sample: OutcomeSample, *, now_ms: int) -> None:
        """Samples that are older than the windows, or in the future, are not kept."""
        for windows, step_s, kept in ((self._fine, FINE_S, _FINE_KEPT), (self._coarse, COARSE_S, _COARSE_KEPT)):
            at, newest = sample.at_ms // (step_s * 1000), now_ms // (step_s * 1000)
            if newest - kept < at <= newest + 1:
                windows.setdefault(at, Window()).add(sample)
            if len(windows) > kept + 1:
                for old in [each for each in windows if each <= newest - kept]:
                    del windows[old]

    def sliding(self, span_s: int, *, now_ms: int) -> Iterator[Window]:
        """The steps that make up the last ``span_s``: up to five minutes in 10 s, up to an hour in minutes."""
        windows, step_s = (self._fine, FINE_S) if span_s < FINE_S * _FINE_KEPT else (self._coarse, COARSE_S)
        since = (now_ms - span_s * 1000) // (step_s * 1000)
        return (window for at, window in windows.items() if at > since)

    def tumbling(self, *, now_ms: int) -> Iterator[tuple[int, Window]]:
        """The minutes of the last hour that have any outcome, and when each began, ms."""
        since = now_ms // (COARSE_S * 1000) - _COARSE_KEPT
        return ((at * COARSE_S * 1000, window) for at, window in self._coarse.items() if at > since)


def merged(windows: Iterable[Window]) -> Window:
    every = list(windows)
    names = {name for window in every for name in window.measures}
    whole = Window(
        measures={
            name: Histogram.merged(window.measures[name] for window in every if name in window.measures)
            for name in names
        }
    )
    for window in every:
        whole.outcomes.update(window.outcomes)
        whole.reasons.update(window.reasons)
    return whole
