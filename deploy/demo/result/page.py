"""The result as one HTML file that needs nothing beside it: pictures, charts and colours are inside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Final

from deploy.demo.result.chart import Dot, timeline, waterfall
from deploy.demo.result.exhibit import Exhibit, Likeness, Thing
from deploy.demo.result.figures import Figures, Percentiles
from deploy.demo.result.thumbnail import data_uri, thumbnail
from deploy.demo.screen.wording import age, explain

_STYLE: Final = Path(__file__).with_name("page.css")
_QUERY_PX: Final = 640
_RELATED_PX: Final = 260
_OBJECT_PX: Final = 132


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything the page tells."""

    exhibits: Sequence[Exhibit]
    figures: Figures
    dots: Sequence[Dot]
    refused: Mapping[str, str]
    made_at: datetime
    subtitle: str
    """What ran, in a line: how many pins, at what rate, on which machine."""


def page(story: Story) -> str:
    """The HTML of a story, complete with its style."""
    style = _STYLE.read_text() + "".join(_shown_when_chosen(index) for index in range(len(story.exhibits)))
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>pinstream demo, {story.made_at:%Y-%m-%d %H:%M}</title>",
            f"<style>{style}</style></head><body>",
            _header(story),
            "<main>",
            _exhibits(story.exhibits),
            _measurements(story),
            _refusals(story.refused),
            "</main>",
            _footer(story),
            "</body></html>\n",
        ]
    )


def _header(story: Story) -> str:
    figures, fresh = story.figures, story.figures.freshness_ms
    headline = (
        f"<h1><em>{fresh.p50:.0f} ms</em> from published to found by a search</h1>"
        if fresh
        else "<h1>Published, and found by a search</h1>"
    )
    tiles = [(f"{figures.indexed} of {figures.pins}", "pins found"), (f"{figures.objects}", "objects on them")]
    if fresh:
        tiles += [(f"{fresh.p95:.0f} ms", "95 % are fresher"), (f"{fresh.p99:.0f} ms", "99 % are fresher")]
    return (
        f'<header><p class="mark">pinstream</p>{headline}<p class="sub">{escape(story.subtitle)}</p><dl class="tiles">'
        + "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for value, name in tiles)
        + "</dl></header>"
    )


def _exhibits(exhibits: Sequence[Exhibit]) -> str:
    if not exhibits:
        return '<section class="card"><p>No pin is in the index, so there is nothing to compare.</p></section>'
    tabs = "".join(_tab(index, exhibit) for index, exhibit in enumerate(exhibits))
    return (
        '<section aria-labelledby="like"><h2 id="like">Which pins are like it?</h2>'
        f'<div class="tabs" role="radiogroup" aria-label="Choose a pin">{tabs}</div>'
        + "".join(_exhibit(index, exhibit) for index, exhibit in enumerate(exhibits))
        + "</section>"
    )


def _tab(index: int, exhibit: Exhibit) -> str:
    picture = data_uri(thumbnail(exhibit.file, size_px=96))
    return (
        f'<input type="radio" name="pin" id="tab{index}"{" checked" if index == 0 else ""}>'
        f'<label for="tab{index}" title="{escape(exhibit.title)}">'
        f'<img src="{picture}" alt="{escape(exhibit.title)}"></label>'
    )


def _shown_when_chosen(index: int) -> str:
    return f"body:has(#tab{index}:checked) #pin{index}{{display:grid}}"


def _exhibit(index: int, exhibit: Exhibit) -> str:
    return (
        f'<article class="exhibit" id="pin{index}">{_query(exhibit)}<div class="answers">'
        f"<section><h3>Related pins</h3>{_cards(exhibit.related, kind='pin')}</section>"
        + "".join(_thing(number, thing, exhibit) for number, thing in enumerate(exhibit.things, start=1))
        + "</div></article>"
    )


def _query(exhibit: Exhibit) -> str:
    picture = thumbnail(exhibit.file, size_px=_QUERY_PX)
    fresh = f"found {exhibit.freshness_ms} ms after it was published" if exhibit.freshness_ms is not None else ""
    return (
        f'<figure class="query"><div class="frame" style="--ratio:{picture.width / picture.height:.4f}">'
        f'<img src="{data_uri(picture)}" alt="{escape(exhibit.title)}">{_boxes(exhibit.things)}</div>'
        f"<figcaption><strong>{escape(exhibit.title)}</strong><code>{escape(exhibit.pin_id)}</code>"
        f"<span>{fresh}</span></figcaption></figure>"
    )


def _boxes(things: Sequence[Thing]) -> str:
    return "".join(
        f'<span class="box" style="{_place(thing)}"><b>{number}</b>'
        f"<i>{escape(thing.label)} {thing.score:.0%}</i></span>"
        for number, thing in enumerate(things, start=1)
    )


def _place(thing: Thing) -> str:
    left, top, right, bottom = (min(max(value, 0.0), 1.0) * 100 for value in thing.box)
    return f"left:{left:.2f}%;top:{top:.2f}%;width:{right - left:.2f}%;height:{bottom - top:.2f}%"


def _thing(number: int, thing: Thing, exhibit: Exhibit) -> str:
    crop = data_uri(thumbnail(exhibit.file, size_px=_OBJECT_PX, box=thing.box))
    return (
        f'<section class="thing"><h3><b>{number}</b> Objects like the {escape(thing.label)}</h3>'
        f'<div class="row"><figure class="crop"><img src="{crop}" alt="the {escape(thing.label)} on the pin"></figure>'
        f"{_cards(thing.similar, kind='object')}</div></section>"
    )


def _cards(likes: Sequence[Likeness], *, kind: str) -> str:
    if not likes:
        return '<p class="none">Nothing like it has been published yet.</p>'
    return f'<div class="cards {kind}s">' + "".join(_card(like, kind) for like in likes) + "</div>"


def _card(like: Likeness, kind: str) -> str:
    picture = (
        thumbnail(like.file, size_px=_RELATED_PX)
        if kind == "pin"
        else thumbnail(like.file, size_px=_OBJECT_PX, box=like.box)
    )
    share = max(min(like.similarity, 1.0), 0.0)
    title = like.title or like.pin_id
    return (
        f'<figure class="like" title="{escape(title)} ({escape(like.pin_id)})"><img src="{data_uri(picture)}" '
        f'alt="{escape(title)}" loading="lazy"><figcaption><strong>{escape(title)}</strong>'
        f'<span class="meter"><span style="width:{share:.0%}"></span></span>'
        f"<span>distance {like.distance}</span><span>{age(like.age_ms)} old</span></figcaption></figure>"
    )


def _measurements(story: Story) -> str:
    fresh = story.figures.freshness_ms
    if fresh is None:
        return ""
    return (
        '<section class="card" aria-labelledby="fresh"><h2 id="fresh">How fresh</h2><p>Freshness is the age of a pin '
        "at the moment a search first returns it: a probe searches for each new pin until it is there.</p>"
        f'<div class="wide"><div><h3>Where the time goes</h3>{waterfall(story.figures.stages_ms)}'
        '<p class="note">Bars are medians, laid end to end; whiskers reach to p95.</p></div>'
        f"<div><h3>Every pin of the run</h3>{timeline(story.dots, median_ms=fresh.p50)}"
        '<p class="note">Across: when it was published. Up: how long until a search found it. '
        "The line is the median.</p></div></div>"
        f"{_table(story.figures)}</section>"
    )


def _table(figures: Figures) -> str:
    rows = [_row(stage, values) + f"<td>{explain(stage)}</td></tr>" for stage, values in figures.stages_ms.items()]
    if figures.freshness_ms:
        total = _row("freshness", figures.freshness_ms) + "<td>published to found by a search</td></tr>"
        rows.append(total.replace("<tr>", '<tr class="total">', 1))
    head = "<tr><th>ms</th><th>p50</th><th>p95</th><th>p99</th><th>max</th><th></th></tr>"
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table></div>'


def _row(name: str, values: Percentiles) -> str:
    numbers = "".join(f"<td>{value:.1f}</td>" for value in values.rounded().values())
    return f'<tr><th scope="row">{name}</th>{numbers}'


def _refusals(refused: Mapping[str, str]) -> str:
    if not refused:
        return ""
    items = "".join(f"<li><code>{escape(pin)}</code> {escape(reason)}</li>" for pin, reason in refused.items())
    return f'<section class="card"><h2>In the dead letters, with the reason</h2><ul class="dead">{items}</ul></section>'


def _footer(story: Story) -> str:
    return (
        f"<footer>Made {story.made_at:%Y-%m-%d %H:%M:%S %Z} by <code>make demo</code>. Distances are Hamming distances "
        "of 256-bit codes: 0 is the same picture, 128 has nothing in common.</footer>"
    )
