"""``pinstream related`` and ``pinstream similar``: search results as a table or as JSON."""

from dataclasses import asdict
from difflib import get_close_matches
from typing import Annotated, Final, Literal

import typer
from rich.console import Console

from pinstream.cli.hit_table import hit_table, table_width
from pinstream.cli.milvus_options import EmbeddingVersionOption, MilvusOption, PinArgument, TokenOption, open_index
from pinstream.cli.results import JsonOption, print_json
from pinstream.search.hits import SearchResult
from pinstream.search.index import VisualIndex
from pinstream.search.query import ANY_LABEL, DEFAULT_HITS, Filters, Freshness
from pinstream.store.collection import EMBEDDING_VERSION

_NEWEST_PINS: Final = 100

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
        _check_labels(index, found, label)
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
        _check_labels(index, found, label)
    show(found, title=f"like object {slot} of {pin}", as_json=as_json)


def _check_labels(index: VisualIndex, found: SearchResult, given: list[str] | None) -> None:
    """Where nothing was found: raises BadParameter for a label that the newest pins do not show either."""
    if found.hits or not given:
        return
    known = sorted({each.label for pin in index.newest(limit=_NEWEST_PINS) for each in pin.objects if each.label})
    for name in given:
        if known and name not in known:
            near = get_close_matches(name.title(), known, n=3, cutoff=0.5) or known
            raise typer.BadParameter(
                f"--label {name!r}: no picture that passes the filters shows it, and none of the newest pins does; "
                f"near to it: {', '.join(near)}"
            )


def show(found: SearchResult, *, title: str, as_json: bool) -> None:
    """Print hits as a table, or as one JSON object."""
    if as_json:
        print_json({"hits": [asdict(hit) for hit in found], "exhausted": found.exhausted, "cursor": found.cursor})
    elif not found.hits:
        typer.echo(f"nothing {title}: the index holds no other picture that passes the filters")
    else:
        console = Console(highlight=False)
        width = table_width(found, terminal=console.width)
        console.print(hit_table(found, title=title, width=width), width=width, no_wrap=True, crop=False)
        if found.cursor is not None:
            typer.echo(f"more: --cursor {found.cursor}")


def _order(half_life_s: float | None) -> Freshness | None:
    return None if half_life_s is None else Freshness(half_life_s=half_life_s)
