"""``pinstream related`` and ``pinstream similar``: search results as a table or as JSON."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Final, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pinstream.cli.durations import format_age
from pinstream.cli.milvus_options import EmbeddingVersionOption, MilvusOption, PinArgument, TokenOption, open_index
from pinstream.cli.results import JsonOption, print_json
from pinstream.search.hits import Hit, SearchResult
from pinstream.search.query import ANY_LABEL, DEFAULT_HITS, Filters, Freshness
from pinstream.store.collection import EMBEDDING_VERSION

LimitOption = Annotated[int, typer.Option(metavar="N", help="The maximum number of pictures.")]
DomainOption = Annotated[Literal["web", "camera", "catalog"] | None, typer.Option(help="Only pins of this domain.")]
LabelOption = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="Only pictures or objects with this label; may be repeated.")
]
MaxAgeOption = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Only pins published in the last SECONDS seconds.")
]
HalfLifeOption = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Rank newer pins higher: the boost halves every SECONDS seconds."),
]
CursorOption = Annotated[
    str | None, typer.Option(metavar="TEXT", help="Show the next page: the cursor that the page before printed.")
]


def related(  # noqa: PLR0913 (each is an option)
    pin: PinArgument,
    *,
    limit: LimitOption = DEFAULT_HITS,
    domain: DomainOption = None,
    label: LabelOption = None,
    max_age: MaxAgeOption = None,
    half_life: HalfLifeOption = None,
    cursor: CursorOption = None,
    as_json: JsonOption = False,
    milvus: MilvusOption = None,
    token: TokenOption = None,
    embedding_version: EmbeddingVersionOption = EMBEDDING_VERSION,
) -> None:
    """Find pins whose pictures are like this pin's, near-duplicates first.

    Exit status 0: searched, even if nothing was found. 1: no such pin, or Milvus does not answer. 2: wrong usage.
    """
    with open_index(milvus, token, embedding_version) as index:
        filters = Filters(domain=domain, label=label or None, max_age_s=max_age)
        found = index.related(pin, limit=limit, filters=filters, order=_order(half_life), cursor=cursor)
    show(found, title=f"like {pin}", as_json=as_json)


def similar(  # noqa: PLR0913 (each is an option)
    pin: PinArgument,
    slot: Annotated[int, typer.Argument(metavar="SLOT", help="The number of one of the pin's objects, from 1.")] = 1,
    *,
    limit: LimitOption = DEFAULT_HITS,
    domain: DomainOption = None,
    label: LabelOption = None,
    any_label: Annotated[bool, typer.Option("--any-label", help="Objects of every label.")] = False,
    max_age: MaxAgeOption = None,
    half_life: HalfLifeOption = None,
    cursor: CursorOption = None,
    as_json: JsonOption = False,
    milvus: MilvusOption = None,
    token: TokenOption = None,
    embedding_version: EmbeddingVersionOption = EMBEDDING_VERSION,
) -> None:
    """Find objects like one of this pin's, the same product first. Objects have its label unless options say otherwise.

    Exit status 0: searched, even if nothing was found. 1: no such pin or object, or Milvus does not answer.
    2: wrong usage.
    """
    if label and any_label:
        raise typer.BadParameter("give --label or --any-label, not both")
    with open_index(milvus, token, embedding_version) as index:
        filters = Filters(domain=domain, label=ANY_LABEL if any_label else label or None, max_age_s=max_age)
        found = index.similar(pin, slot, limit=limit, filters=filters, order=_order(half_life), cursor=cursor)
    show(found, title=f"like object {slot} of {pin}", as_json=as_json)


def show(found: SearchResult, *, title: str, as_json: bool) -> None:
    """Print hits as a table, or as one JSON object."""
    if as_json:
        print_json({"hits": [asdict(hit) for hit in found], "exhausted": found.exhausted, "cursor": found.cursor})
    elif not found.hits:
        typer.echo(f"nothing {title}: the index holds no other picture that passes the filters")
    else:
        Console(highlight=False).print(table(found, title=title))
        if found.cursor is not None:
            typer.echo(f"more: --cursor {found.cursor}")


def _order(half_life_s: float | None) -> Freshness | None:
    return None if half_life_s is None else Freshness(half_life_s=half_life_s)


def table(found: SearchResult, *, title: str) -> Table:
    """One line per hit, the same product and near-duplicates in green, without the columns that would be empty."""
    more = "that is all there is" if found.exhausted else "there are more"
    shown = Table(title=title, title_justify="left", caption=f"{len(found)} pictures; {more}", caption_justify="left")
    used = [column for column in _COLUMNS if any(map(column[2], found))]
    for heading, justify, _ in used:
        shown.add_column(heading, justify=justify, overflow="fold")
    for hit in found:
        style = "green" if hit.near_duplicate or hit.same_product else None
        shown.add_row(*(Text(cell(hit)) for _, _, cell in used), style=style)
    return shown


def _match(hit: Hit) -> str:
    if hit.same_product:
        return "same product"
    return "near-duplicate" if hit.near_duplicate else ""


Justify = Literal["left", "right"]
_COLUMNS: Final[tuple[tuple[str, Justify, Callable[[Hit], str]], ...]] = (
    ("pin", "left", lambda hit: f"{hit.pin_id} object {hit.slot}" if hit.slot else hit.pin_id),
    ("match", "left", _match),
    ("bits off", "right", lambda hit: str(hit.distance)),
    ("similarity", "right", lambda hit: f"{hit.similarity:.2f}"),
    ("pins", "right", lambda hit: str(hit.pins)),
    ("age", "right", lambda hit: format_age(hit.age_s)),
    ("shows", "left", lambda hit: hit.label),
    ("box", "left", lambda hit: " ".join(f"{edge:.2f}" for edge in hit.box) if hit.slot else ""),
    ("domain", "left", lambda hit: hit.domain),
    ("price", "right", lambda hit: "" if hit.price is None else f"{hit.price:.2f} {hit.currency}".rstrip()),
    ("title", "left", lambda hit: hit.title),
    ("link", "left", lambda hit: hit.link),
)
