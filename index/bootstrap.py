"""Creates the collection, and says how an existing one differs from the one that is wanted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from pinstream.errors import IndexMismatch, IndexRefused
from pinstream.store.collection import ALIAS
from pinstream.store.collection_schema import Column, Shape
from pinstream.store.milvus import MilvusStore

WANTED: Final = Shape()


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionReport:
    """What ``init`` found and did, in sentences."""

    notes: tuple[str, ...]
    differences: tuple[str, ...] = ()
    """Why the worker refuses the collection."""


def init(
    store: MilvusStore, *, dry_run: bool = False, on_step: Callable[[str], None] = lambda step: None
) -> CollectionReport:
    """Create the collection and its alias unless they exist; safe to repeat, and nothing is ever dropped.

    An alias that points to another collection is left alone: it is moved when readers move to another embedding.
    ``on_step`` is called with each step before it is done: creating a collection takes a server seconds.
    """
    on_step(f"looking for collection {store.collection} at {store.uri}")
    found = store.shape()
    if found is not None and not dry_run and _is_half_made(found):
        on_step(f"completing collection {store.collection}: an earlier init was interrupted")
        store.create(WANTED)
        found = store.shape()
    wrong = tuple(differences(found, WANTED)) if found is not None else ()
    if found is not None:
        note = f"collection {store.collection} exists" + (" and does not fit" if wrong else "")
    elif dry_run:
        note = f"collection {store.collection} is missing and would be created"
    else:
        on_step(f"creating collection {store.collection} with its index, and loading it")
        store.create(WANTED)
        note = f"collection {store.collection} created"
    on_step(f"looking for alias {ALIAS}")
    return CollectionReport(notes=(note, _ensure_alias(store, dry_run=dry_run)), differences=wrong)


def _is_half_made(found: Shape) -> bool:
    """Whether an earlier ``init`` was interrupted after the fields and before the index."""
    indexed = replace(found, index=WANTED.index, metric=WANTED.metric)
    return found.index == "none" and not list(differences(indexed, WANTED))


def require(store: MilvusStore) -> None:
    """Raises IndexMismatch, which says what is wrong, unless the collection exists and fits."""
    found = store.shape()
    if found is None:
        raise IndexMismatch(f"{store.uri} has no collection {store.collection}: run `python -m index init` first")
    if wrong := "; ".join(differences(found, WANTED)):
        raise IndexMismatch(f"collection {store.collection} at {store.uri} does not fit: {wrong}")


def differences(found: Shape, wanted: Shape) -> Iterator[str]:
    """One sentence for each way in which ``found`` differs from ``wanted``."""
    has, wants = ({column.name: column for column in shape.columns} for shape in (found, wanted))
    yield from (f"field {name} is missing" for name in wants if name not in has)
    yield from (f"field {name} is not expected" for name in has if name not in wants)
    for name, column in wants.items():
        if name in has:
            yield from _column_differences(has[name], column)
    for name in ("index", "metric", "shards"):
        there, want = getattr(found, name), getattr(wanted, name)
        if there != want and there is not None:  # Milvus Lite does not say how many shards there are
            yield f"{name} is {there}, not {want}"


def _column_differences(found: Column, wanted: Column) -> Iterator[str]:
    for name in ("type", "max_bytes", "bits", "primary"):
        there, want = getattr(found, name), getattr(wanted, name)
        if there != want:
            yield f"field {wanted.name}: {name} is {there}, not {want}"


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
    except IndexRefused as exc:  # the alias points to a collection that was dropped
        return f"alias {ALIAS} could not be created: {exc}"
    return f"alias {ALIAS} now points to {store.collection}"
