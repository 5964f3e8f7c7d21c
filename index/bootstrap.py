"""Creating the collection, once, and saying how an existing one differs from what is wanted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from pinstream.errors import IndexMismatch, IndexRefused
from pinstream.store.collection import ALIAS
from pinstream.store.columns import Column, Shape
from pinstream.store.milvus import MilvusStore

WANTED: Final = Shape()


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionReport:
    """What an ``init`` found and did, as sentences for a person.

    ``differences`` are what keeps the worker from using the collection.
    """

    notes: tuple[str, ...]
    differences: tuple[str, ...] = ()


def init(store: MilvusStore, *, dry_run: bool = False) -> CollectionReport:
    """Create the collection and its alias unless they are there; safe to repeat, and nothing is ever dropped.

    An alias that points elsewhere is left alone: moving readers to another embedding is a decision of its own.
    """
    found = store.shape()
    if found is not None and not dry_run and _is_half_made(found):
        store.create(WANTED)
        found = store.shape()
    wrong = tuple(differences(found, WANTED)) if found is not None else ()
    if found is not None:
        note = f"collection {store.collection} exists" + (" and does not fit" if wrong else "")
    elif dry_run:
        note = f"collection {store.collection} is missing and would be created"
    else:
        store.create(WANTED)
        note = f"collection {store.collection} created"
    return CollectionReport(notes=(note, _ensure_alias(store, dry_run=dry_run)), differences=wrong)


def _is_half_made(found: Shape) -> bool:
    """Whether an earlier ``init`` was cut off between the fields and the index."""
    indexed = replace(found, index=WANTED.index, metric=WANTED.metric)
    return found.index == "none" and not list(differences(indexed, WANTED))


def require(store: MilvusStore) -> None:
    """Returns if the collection is there and fits; raises IndexMismatch saying what is wrong otherwise."""
    found = store.shape()
    if found is None:
        raise IndexMismatch(f"{store.uri} has no collection {store.collection}: run `python -m index init` first")
    wrong = "; ".join(differences(found, WANTED))
    if wrong:
        raise IndexMismatch(f"collection {store.collection} at {store.uri} does not fit: {wrong}")


def differences(found: Shape, wanted: Shape) -> Iterator[str]:
    """One sentence for each way in which ``found`` differs from ``wanted``."""
    has, wants = ({column.name: column for column in shape.columns} for shape in (found, wanted))
    yield from (f"field {name} is missing" for name in wants if name not in has)
    yield from (f"field {name} is not expected" for name in has if name not in wants)
    for name, column in wants.items():
        if name in has:
            yield from _column_differences(has[name], column)
    for what in ("index", "metric", "shards"):
        there, want = getattr(found, what), getattr(wanted, what)
        if there != want and there is not None:
            yield f"{what} is {there}, not {want}"


def _column_differences(found: Column, wanted: Column) -> Iterator[str]:
    for what in ("type", "max_bytes", "bits", "primary"):
        there, want = getattr(found, what), getattr(wanted, what)
        if there != want:
            yield f"field {wanted.name}: {what} is {there}, not {want}"


def _ensure_alias(store: MilvusStore, *, dry_run: bool) -> str:
    try:
        target = store.alias_target(ALIAS)
    except IndexRefused:
        return "this server has no aliases: readers name the collection"
    if target is not None:
        return f"alias {ALIAS} points to {target}"
    if dry_run:
        return f"alias {ALIAS} is missing and would point to {store.collection}"
    try:
        store.create_alias(ALIAS)
    except IndexRefused as exc:  # it points to a collection that was dropped
        return f"alias {ALIAS} could not be created: {exc}"
    return f"alias {ALIAS} now points to {store.collection}"
