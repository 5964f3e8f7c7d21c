"""The status page: what an operator without Grafana must see."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from pinstream.events import STAGE_MEANINGS, STAGES, Result
from streams.watch.http.charts import (
    LineChart,
    StackedChart,
    StageChart,
    duration,
    line_chart,
    stacked_chart,
    stage_chart,
)
from streams.watch.http.report import Minute, WatchReport
from streams.watch.join.ledger import Coverage, PendingPin
from streams.watch.join.windows import Measure, Window
from streams.watch.settings import ObjectiveSettings, WatchSettings

_MAX_OVERDUE: Final = 25
_NOW_S: Final = 300
_OUTCOMES: Final = get_args(Result)
_AGE_LINES: Final[tuple[tuple[str, str, Measure, float], ...]] = (
    ("found, p50", "found-p50", "freshness", 0.5),
    ("found, p95", "found-p95", "freshness", 0.95),
    ("acknowledged, p95", "acknowledged-p95", "acknowledged", 0.95),
)
"""Name, class in the style sheet, measure and percentile."""


@dataclass(frozen=True, slots=True)
class Card:
    """One figure at the top; ``state`` is a class of the style sheet."""

    title: str
    value: str
    detail: str
    state: str = "plain"
    hint: str = ""


def render(report: WatchReport, settings: WatchSettings, instance: Mapping[str, Any], *, behind: int | None) -> str:
    """The whole page."""
    objective, now_ms = settings.objective, report.watcher.now_ms()
    overdue, coverage = report.overdue_pins(), report.coverage_of(objective.coverage_s)
    window, minutes = report.sliding(_NOW_S), report.minutes()
    page: str = _template().render(
        verdict=verdict(overdue, coverage, now_ms=now_ms, window_s=objective.coverage_s, behind=behind),
        state="bad" if overdue or behind is None else "dead" if coverage.dead else "good",
        cards=_cards(window, coverage, overdue, objective, report.oldest_age_s()),
        ages=_age_chart(minutes, now_ms, objective.pin_s),
        age_lines=[(style, name) for name, style, _, _ in _AGE_LINES],
        outcomes=_outcome_chart(minutes, now_ms),
        outcome_names=[(name, name) for name in _OUTCOMES],
        stages=_stage_chart(window),
        dead_reasons=sum((minute.window.reasons for minute in minutes), Counter[str]()).most_common(),
        overdue=overdue[:_MAX_OVERDUE],
        overdue_count=len(overdue),
        duration=duration,
        now_ms=now_ms,
        now=datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%H:%M:%S UTC"),
        behind=behind,
        instance=instance,
    )
    return page


def verdict(
    overdue: Sequence[PendingPin], coverage: Coverage, *, now_ms: int, window_s: int, behind: int | None
) -> str:
    """One sentence that says whether anything is wrong."""
    window = f"the last {duration(window_s * 1000)}"
    if behind is None:
        return "Kafka does not answer: the page shows what was known before."
    if overdue:
        oldest = duration(now_ms - overdue[0].publication.since_ms)
        queued = sum(each.stuck_in == "queue" for each in overdue)
        where = f"{queued:,} in the queue, {len(overdue) - queued:,} at a worker"
        if queued in (0, len(overdue)):
            where = "in the queue" if queued else "at a worker"
        return f"{_pins(len(overdue))} overdue, {where}; the oldest was published {oldest} ago."
    if not coverage.due:
        return f"Nothing was published in {window}, and no pin is overdue."
    if coverage.dead:
        dead = "1 is dead" if coverage.dead == 1 else f"{coverage.dead:,} are dead"
        return f"Of {_pins(coverage.due)} in {window}, {dead}; all others are searchable."
    return f"Every pin of {window} is searchable: {_pins(coverage.due)}."


@cache
def _template() -> Template:
    folder = Path(__file__).parent / "templates"
    environment = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page.html.j2")


def _cards(
    window: Window, coverage: Coverage, overdue: Sequence[PendingPin], objective: ObjectiveSettings, oldest_s: float
) -> list[Card]:
    kinds = [each.publication.kind for each in overdue]
    return [
        _age_card("Fresh after", window, "freshness", objective.pin_s, "age when a search first found the pin"),
        _age_card("Gone after", window, "deletion", objective.deletion_s, "age when no search found the deleted pin"),
        Card(
            "Coverage",
            f"{_percent(coverage)} %",
            f"{coverage.searchable:,} of {coverage.due:,} due in {duration(objective.coverage_s * 1000)}",
            "bad" if coverage.overdue else "dead" if coverage.dead else "good",
        ),
        Card(
            "Overdue",
            f"{len(overdue):,}",
            f"{_pins(kinds.count('pin'))}, {_count(kinds.count('deletion'), 'deletion')}",
            "bad" if overdue else "good",
        ),
        Card("Oldest waiting", duration(oldest_s * 1000) if oldest_s else "none", "pin not accounted for"),
        Card("Outcomes", f"{sum(window.outcomes.values()) / (_NOW_S / 60):,.1f}", "a minute, over 5 min"),
    ]


def _age_card(title: str, window: Window, measure: Measure, objective_s: float, meaning: str) -> Card:
    histogram = window.measures.get(measure)
    objective = f"objective {duration(objective_s * 1000)}"
    if histogram is None:
        return Card(title, "none", f"none probed in 5 min; {objective}")
    p50, p95, p99 = (histogram.percentile(share) or 0.0 for share in (0.5, 0.95, 0.99))
    return Card(
        title,
        duration(p50),
        f"p95 {duration(p95)}, p99 {duration(p99)}; {objective}",
        "bad" if p95 > objective_s * 1000 else "good",
        hint=f"{meaning}: median of {histogram.count:,} in 5 min",
    )


def _age_chart(minutes: Sequence[Minute], now_ms: int, objective_s: float) -> LineChart:
    last = minutes[-1].window.measures.get("freshness") if minutes else None
    latest = f"; latest minute: median {duration(last.percentile(0.5))}" if last else ""
    return line_chart(
        f"Age of pins when a search first found them, by minute{latest}",
        [(name, style, _by_minute(minutes, measure, share)) for name, style, measure, share in _AGE_LINES],
        until_ms=now_ms,
        objective_ms=objective_s * 1000,
    )


def _outcome_chart(minutes: Sequence[Minute], now_ms: int) -> StackedChart:
    by_minute = {
        minute.from_ms: {str(name): count for name, count in minute.window.outcomes.items()} for minute in minutes
    }
    total = sum(sum(counts.values()) for counts in by_minute.values())
    return stacked_chart(f"Outcomes by minute, {total:,} in the last hour", _OUTCOMES, by_minute, until_ms=now_ms)


def _stage_chart(window: Window) -> StageChart:
    stages = [
        (stage, STAGE_MEANINGS[stage], histogram.percentile(0.5) or 0.0, histogram.percentile(0.95) or 0.0)
        for stage in STAGES
        if (histogram := window.measures.get(stage)) is not None
    ]
    return stage_chart(
        "Median of each stage: " + "; ".join(f"{name} {duration(p50)}" for name, _, p50, _ in stages), stages
    )


def _by_minute(minutes: Sequence[Minute], measure: Measure, share: float) -> dict[int, float]:
    return {
        minute.from_ms: histogram.percentile(share) or 0.0
        for minute in minutes
        if (histogram := minute.window.measures.get(measure)) is not None
    }


def _percent(coverage: Coverage) -> str:
    """Never rounded up to 100."""
    return "100" if coverage.ratio == 1 else f"{int(coverage.ratio * 10_000) / 100:.2f}"


def _pins(count: int) -> str:
    return _count(count, "pin")


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
