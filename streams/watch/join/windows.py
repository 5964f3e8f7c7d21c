"""How fresh pins were, and what became of them, in windows of time."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from pinstream.events import PinOutcome, Result, Stage
from streams.watch.join.histogram import Histogram

Measure = Literal["freshness", "deletion", "settled"] | Stage
"""Age when a search first showed it, or showed it no more; age when its outcome was known; and each stage."""

FINE_S: Final = 10
COARSE_S: Final = 60
_FINE_KEPT: Final = 31
_COARSE_KEPT: Final = 61
_MAX_REASONS: Final = 12
_REASON_CHARS: Final = 60


@dataclass(slots=True)
class Window:
    """What was told within one span of time."""

    measures: dict[Measure, Histogram] = field(default_factory=dict)
    outcomes: Counter[Result] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Of the dead, by class of the error; rare ones beyond a dozen are `other`."""

    def add(self, report: "OutcomeSample") -> None:
        """One more outcome."""
        for measure, value_ms in report.measures:
            self.measures.setdefault(measure, Histogram()).add(value_ms)
        if report.outcome is not None:
            self.outcomes[report.outcome] += 1
        if report.reason is not None:
            known = report.reason in self.reasons or len(self.reasons) < _MAX_REASONS
            self.reasons[report.reason if known else "other"] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeSample:
    """What one outcome adds to the windows."""

    at_ms: int
    measures: tuple[tuple[Measure, float], ...]
    outcome: Result | None
    """None in the second report of a pin, by which a probe tells when a search first showed it."""
    reason: str | None


def report_of(outcome: PinOutcome, *, timely: bool = True) -> OutcomeSample:
    """The report in one record of ``pins.indexed``; ages count only where ``timely``: not of what was replayed."""
    if outcome.visible_at_ms is not None:
        measure: Measure = "deletion" if outcome.outcome == "deleted" else "freshness"
        ages: list[tuple[Measure, float]] = [(measure, max(outcome.freshness_ms or 0, 0))] if timely else []
        if "visible" in outcome.stages_ms:
            ages.append(("visible", outcome.stages_ms["visible"]))
        return OutcomeSample(at_ms=outcome.visible_at_ms, measures=tuple(ages), outcome=None, reason=None)
    if outcome.outcome == "dead":
        reason = reason_class(outcome.reason)
        return OutcomeSample(at_ms=outcome.finished_at_ms, measures=(), outcome="dead", reason=reason)
    told: list[tuple[Measure, float]] = list(outcome.stages_ms.items())
    if timely and outcome.outcome in ("indexed", "deleted"):
        told.append(("settled", max(outcome.finished_at_ms - outcome.published_at_ms, 0)))
    return OutcomeSample(at_ms=outcome.finished_at_ms, measures=tuple(told), outcome=outcome.outcome, reason=None)


def reason_class(reason: str | None) -> str:
    """What dead pins are counted by: ``fetch: FetchFailed`` of ``fetch: FetchFailed: 404 from ...``."""
    return ": ".join(part.strip() for part in (reason or "unknown").split(":")[:2])[:_REASON_CHARS]


class Windows:
    """The last five minutes in steps of 10 s, for sliding windows, and the last hour in steps of a minute."""

    def __init__(self) -> None:
        self._fine: dict[int, Window] = {}
        self._coarse: dict[int, Window] = {}

    def add(self, report: OutcomeSample, *, now_ms: int) -> None:
        """One more; what is older than the windows, or dated in the future, is not kept."""
        for windows, step_s, kept in ((self._fine, FINE_S, _FINE_KEPT), (self._coarse, COARSE_S, _COARSE_KEPT)):
            at, newest = report.at_ms // (step_s * 1000), now_ms // (step_s * 1000)
            if newest - kept < at <= newest + 1:
                windows.setdefault(at, Window()).add(report)
            if len(windows) > kept + 1:
                for old in [each for each in windows if each <= newest - kept]:
                    del windows[old]

    def sliding(self, span_s: int, *, now_ms: int) -> Iterator[Window]:
        """The steps that make up the last ``span_s``: up to five minutes in 10 s, up to an hour in minutes."""
        windows, step_s = (self._fine, FINE_S) if span_s < FINE_S * _FINE_KEPT else (self._coarse, COARSE_S)
        since = (now_ms - span_s * 1000) // (step_s * 1000)
        return (window for at, window in windows.items() if at > since)

    def tumbling(self, *, now_ms: int) -> Iterator[tuple[int, Window]]:
        """Each minute of the last hour that has anything: when it began, in ms, and what it holds."""
        since = now_ms // (COARSE_S * 1000) - _COARSE_KEPT
        return ((at * COARSE_S * 1000, window) for at, window in self._coarse.items() if at > since)


def joined(windows: Iterable[Window]) -> Window:
    """Several windows as one."""
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
