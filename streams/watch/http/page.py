"""The status page: what an operator without Grafana must see; made on the server, refreshed by a little script."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final, get_args

from pinstream.events import STAGES, Result
from streams.watch.http.charts import Line, duration, lines, spread, stacked
from streams.watch.http.report import Minute, WatchReport
from streams.watch.join.ledger import Coverage, PendingPin
from streams.watch.join.windows import Measure, Window
from streams.watch.settings import WatchSettings

_SHOWN: Final = 25
_NOW_S: Final = 300
_OUTCOMES: Final = get_args(Result)


def render(board: WatchReport, settings: WatchSettings, instance: Mapping[str, Any], *, behind: int | None) -> str:
    """The whole page."""
    return "\n".join(
        (
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">\n<title>pinstream watch</title>',
            '<link rel="icon" href="data:,">',
            '<link rel="stylesheet" href="/assets/watch.css">\n<script src="/assets/watch.js" defer></script>',
            '<noscript><meta http-equiv="refresh" content="10"></noscript>\n</head>\n<body>',
            *_body(board, settings, instance, behind),
            "</body>\n</html>\n",
        )
    )


def verdict(owed: Sequence[PendingPin], coverage: Coverage, *, now_ms: int, window_s: int, behind: int | None) -> str:
    """One sentence that says whether to worry."""
    if behind is None:
        return "Kafka does not answer: nothing newer than this is known."
    if owed:
        oldest = duration(now_ms - owed[0].publication.since_ms)
        queued = sum(each.stuck_in == "queue" for each in owed)
        where = f"{queued:,} in the queue, {len(owed) - queued:,} at a worker"
        if queued in (0, len(owed)):
            where = "in the queue" if queued else "at a worker"
        return f"{_pins(len(owed))} overdue, {where}; the oldest was published {oldest} ago."
    if not coverage.due:
        return f"Nothing was published in the last {duration(window_s * 1000)}, and nothing is owed."
    if coverage.dead:
        died = "1 is dead" if coverage.dead == 1 else f"{coverage.dead:,} are dead"
        return f"Of {_pins(coverage.due)} in the last {duration(window_s * 1000)}, {died}; all others are searchable."
    return f"Every pin of the last {duration(window_s * 1000)} is searchable: {_pins(coverage.due)}."


def _body(
    board: WatchReport, settings: WatchSettings, instance: Mapping[str, Any], behind: int | None
) -> Iterator[str]:
    objective, now_ms = settings.objective, board.watcher.now_ms()
    owed, coverage = board.owed(), board.coverage_of(objective.coverage_s)
    window, minutes = board.sliding(_NOW_S), board.minutes()
    said = verdict(owed, coverage, now_ms=now_ms, window_s=objective.coverage_s, behind=behind)
    state = "bad" if owed or behind is None else "dead" if coverage.dead else "good"
    yield '<header><h1>pinstream <span>watch</span></h1><form action="/pins" role="search">'
    yield '<label for="id">Where is pin</label> <input id="id" name="id" required maxlength="64" '
    yield 'pattern="[A-Za-z0-9_\\-]+" autocomplete="off"> <button>Look</button></form></header>'
    yield f'<main><p class="verdict {state}" id="verdict">{escape(said)}</p>'
    yield from _cards(window, coverage, owed, settings, board.oldest_age_s())
    yield '<div class="charts">'
    yield from _fresh_chart(minutes, now_ms, objective.pin_s)
    yield from _outcome_chart(minutes, now_ms)
    yield from _stage_chart(window)
    yield from _dead(minutes)
    yield "</div>"
    yield from _owed(owed, now_ms)
    yield from _footer(instance, now_ms, behind)


def _cards(
    window: Window, coverage: Coverage, owed: Sequence[PendingPin], settings: WatchSettings, oldest_s: float
) -> Iterator[str]:
    objective = settings.objective
    yield '<dl class="cards">'
    yield _age_card("Fresh after", window, "freshness", objective.pin_s, "a search first finds the pin")
    yield _age_card("Gone after", window, "deletion", objective.deletion_s, "no search finds the deleted pin")
    late = "bad" if coverage.overdue else "dead" if coverage.dead else "good"
    yield _card(
        "Coverage",
        f"{_percent(coverage)} %",
        f"{coverage.searchable:,} of {coverage.due:,} due in {duration(objective.coverage_s * 1000)}",
        late,
    )
    kinds = [each.publication.kind for each in owed]
    yield _card(
        "Overdue",
        f"{len(owed):,}",
        f"{_pins(kinds.count('pin'))}, {_many(kinds.count('deletion'), 'deletion')}",
        "bad" if owed else "good",
    )
    yield _card("Oldest unsettled", duration(oldest_s * 1000) if oldest_s else "none", "pin not accounted for", "plain")
    settled = sum(window.outcomes.values())
    yield _card("Settled", f"{settled / (_NOW_S / 60):,.1f}", "pins a minute, over 5 min", "plain")
    yield "</dl>"


def _age_card(title: str, window: Window, measure: Measure, objective_s: float, meaning: str) -> str:
    histogram = window.measures.get(measure)
    limit = f"objective {duration(objective_s * 1000)}"
    if histogram is None:
        return _card(title, "none", f"none probed in 5 min; {limit}", "plain")
    p50, p95, p99 = (histogram.percentile(share) or 0.0 for share in (0.5, 0.95, 0.99))
    state = "bad" if p95 > objective_s * 1000 else "good"
    detail = f"p95 {duration(p95)}, p99 {duration(p99)}; {limit}"
    return _card(title, duration(p50), detail, state, hint=f"{meaning}: median of {histogram.count:,} in 5 min")


def _card(title: str, value: str, detail: str, state: str, *, hint: str = "") -> str:
    about = f' title="{escape(hint, quote=True)}"' if hint else ""
    return (
        f'<div class="card {state}"{about}><dt>{escape(title)}</dt><dd class="value">{escape(value)}</dd>'
        f'<dd class="detail">{escape(detail)}</dd></div>'
    )


def _fresh_chart(minutes: Sequence[Minute], now_ms: int, objective_s: float) -> Iterator[str]:
    series = [
        Line("found, p50", "found-p50", _by_minute(minutes, "freshness", 0.5)),
        Line("found, p95", "found-p95", _by_minute(minutes, "freshness", 0.95)),
        Line("settled, p95", "settled-p95", _by_minute(minutes, "settled", 0.95)),
    ]
    last = minutes[-1].window.measures.get("freshness") if minutes else None
    words = f"; latest minute: median {duration(last.percentile(0.5))}" if last else ""
    title = f"Age of pins when a search first found them, by minute{words}"
    yield "<section><h2>How fresh, minute by minute</h2>"
    yield lines(title, series, until_ms=now_ms, minutes=60, mark_ms=objective_s * 1000)
    yield _legend([(line.style, line.name) for line in series]) + "</section>"


def _outcome_chart(minutes: Sequence[Minute], now_ms: int) -> Iterator[str]:
    counts = {
        minute.from_ms: {str(name): count for name, count in minute.window.outcomes.items()} for minute in minutes
    }
    total = sum(sum(each.values()) for each in counts.values())
    yield "<section><h2>What became of pins, a minute</h2>"
    yield stacked(f"Outcomes by minute, {total:,} in the last hour", _OUTCOMES, counts, until_ms=now_ms)
    yield _legend([(name, name) for name in _OUTCOMES]) + "</section>"


def _stage_chart(window: Window) -> Iterator[str]:
    rows = []
    for stage in STAGES:
        histogram = window.measures.get(stage)
        if histogram is not None:
            rows.append((stage, histogram.percentile(0.5) or 0.0, histogram.percentile(0.95) or 0.0))
    words = "; ".join(f"{name} {duration(p50)}" for name, p50, _ in rows) or "nothing was settled"
    yield "<section><h2>Where the time goes, last 5 min</h2>"
    yield spread(f"Median of each stage: {words}", rows) if rows else '<p class="none">Nothing was settled.</p>'
    yield _legend([("p50", "median"), ("p95", "95th percentile")]) + "</section>"


def _dead(minutes: Sequence[Minute]) -> Iterator[str]:
    reasons: dict[str, int] = {}
    for minute in minutes:
        for reason, count in minute.window.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    yield "<section><h2>Dead in the last hour, by reason</h2>"
    if not reasons:
        yield '<p class="none">None.</p></section>'
        return
    yield '<table><thead><tr><th scope="col">reason</th><th scope="col" class="number">pins</th></tr></thead><tbody>'
    for reason, count in sorted(reasons.items(), key=lambda pair: -pair[1]):
        yield f'<tr><td>{escape(reason)}</td><td class="number">{count:,}</td></tr>'
    yield "</tbody></table><p><code>python -m streams dead-letters ls</code> shows and replays them.</p></section>"


def _owed(owed: Sequence[PendingPin], now_ms: int) -> Iterator[str]:
    yield f'<section class="wide"><h2>Overdue: {len(owed):,}</h2>'
    if not owed:
        yield '<p class="none">None: every pin that was published is accounted for.</p></section>'
        return
    heads = ("pin", "what", "stuck in", "age", "version", "lane", "event")
    yield '<div class="scroll" tabindex="0" role="region" aria-label="Overdue pins"><table><thead><tr>'
    yield "".join(f'<th scope="col">{head}</th>' for head in heads) + "</tr></thead><tbody>"
    for each in owed[:_SHOWN]:
        publication, pin_id = each.publication, escape(each.pin_id)
        cells = (
            f'<a href="/pins/{pin_id}">{pin_id}</a>',
            publication.kind,
            "queue: no worker is that far" if each.stuck_in == "queue" else "a worker: later pins are settled",
            duration(now_ms - publication.since_ms),
            str(publication.version),
            publication.lane,
            f"partition {each.partition}, offset {publication.offset:,}",
        )
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table></div>"
    if len(owed) > _SHOWN:
        yield f'<p><a href="/overdue?limit=1000">and {len(owed) - _SHOWN:,} more</a></p>'
    yield "</section>"


def _footer(instance: Mapping[str, Any], now_ms: int, behind: int | None) -> Iterator[str]:
    at = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%H:%M:%S UTC")
    held, others = instance["partitions"], instance["others"]
    yield f"</main><footer><p>As of <time>{at}</time>; "
    yield "Kafka is away. " if behind is None else f"{behind:,} records behind. "
    yield f"This instance watches {len(held)} of {instance['of']} partitions."
    for url, partitions in others.items():
        address = escape(str(url), quote=True)
        yield f' <a href="{address}">{address}</a> watches {len(partitions)}.'
    links = " · ".join(f'<a href="/{name}">/{name}</a>' for name in ("freshness", "coverage", "overdue", "metrics"))
    yield f"</p><p>As data: {links}</p></footer>"


def _by_minute(minutes: Sequence[Minute], measure: Measure, share: float) -> dict[int, float]:
    found = {}
    for minute in minutes:
        histogram = minute.window.measures.get(measure)
        if histogram is not None:
            found[minute.from_ms] = histogram.percentile(share) or 0.0
    return found


def _legend(entries: Sequence[tuple[str, str]]) -> str:
    return '<ul class="legend">' + "".join(f'<li class="{style}">{name}</li>' for style, name in entries) + "</ul>"


def _percent(coverage: Coverage) -> str:
    """Never rounded up to 100."""
    return "100" if coverage.ratio == 1 else f"{int(coverage.ratio * 10_000) / 100:.2f}"


def _pins(count: int) -> str:
    return _many(count, "pin")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")
