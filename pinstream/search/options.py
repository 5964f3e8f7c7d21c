"""The arguments that all searches share, checked before anything is read."""

import math
from dataclasses import dataclass
from typing import Final, get_args

from pinstream.errors import EventInvalid, QueryInvalid
from pinstream.events import Domain, valid_pin_id
from pinstream.search.cursor import Cursor, first_page, next_page
from pinstream.search.query import MAX_HITS, AnyLabel, CodeQuery, Filters, Freshness, Names, Order, Rerank, sorted_names
from pinstream.store.codes import Code, as_code
from pinstream.store.collection import MAX_SLOT, Slots, Where

MAX_AGE_S: Final = 1e12
"""Such an age goes back beyond 1970, so it excludes nothing."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """The arguments that all searches share. Raises QueryInvalid naming the argument that is out of range."""

    limit: int
    filters: Filters
    order: Order | None = None
    cursor: str | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)
        check_order(self.order)
        self.where("any", now_ms=0)
        parse_names("but", self.filters.but)

    @property
    def excluded_pins(self) -> frozenset[str]:
        """The pins named in ``Filters.but``."""
        return parse_names("but", self.filters.but) or frozenset()

    def page(self, searched: tuple[object, ...], *, now_ms: int) -> Cursor:
        """The page to return: the first, or the cursor's. ``searched`` is what the search is for."""
        query = (*searched, *self._identity())
        return first_page(query, now_ms=now_ms) if self.cursor is None else next_page(self.cursor, query)

    def where(self, slots: Slots, *, now_ms: int, labels: Names | None = None) -> Where:
        """The store's filter; ``labels`` restrict it where the caller's filters name none."""
        if slots not in get_args(Slots):
            raise QueryInvalid(f"slots = {slots!r}: {', '.join(get_args(Slots))} are allowed")
        filters, age_s = self.filters, self.filters.max_age_s
        if age_s is not None and not 0 <= age_s <= MAX_AGE_S:
            raise QueryInvalid(f"max_age_s = {age_s}: 0 to {MAX_AGE_S:.0e} seconds are allowed")
        domains = parse_names("domain", filters.domain)
        if wrong := sorted((domains or frozenset()) - set(get_args(Domain))):
            raise QueryInvalid(f"domain = {wrong[0]!r}: {', '.join(get_args(Domain))} are allowed")
        if filters.label is None:
            allowed = None if labels is None else frozenset({labels} if isinstance(labels, str) else labels)
        else:
            allowed = None if isinstance(filters.label, AnyLabel) else parse_names("label", filters.label)
        return Where(
            slots=slots,
            domains=domains,
            labels=allowed,
            published_since_ms=None if age_s is None else max(now_ms - round(age_s * 1000), 0),
        )

    def _identity(self) -> tuple[object, ...]:
        """Everything but the limit, equal in every process: a cursor is valid only for a search with the same."""
        filters, order = self.filters, self.order
        label = filters.label.value if isinstance(filters.label, AnyLabel) else sorted_names(filters.label)
        kept = ("rerank", order.candidates) if isinstance(order, Rerank) else order
        return sorted_names(filters.domain), label, filters.max_age_s, sorted_names(filters.but), kept


def check_limit(limit: int) -> None:
    """Raise QueryInvalid unless ``limit`` is from 1 to 1,000."""
    if not 1 <= limit <= MAX_HITS:
        raise QueryInvalid(f"limit = {limit}: 1 to {MAX_HITS} are allowed")


def check_order(order: Order | None) -> None:
    """Raise QueryInvalid naming the number that is out of range."""
    match order:
        case Freshness(half_life_s=half_life_s, weight=weight):
            if not 0 < half_life_s < math.inf:
                raise QueryInvalid(f"half_life_s = {half_life_s}: seconds, above 0, are allowed")
            if not 0 < weight <= 2:
                raise QueryInvalid(f"weight = {weight}: above 0 and up to 2 is allowed")
        case Rerank(candidates=candidates) if not 1 <= candidates <= MAX_HITS:
            raise QueryInvalid(f"candidates = {candidates}: 1 to {MAX_HITS} are allowed")


def check_code_query(query: CodeQuery) -> None:
    """Raise QueryInvalid unless its weight and its code can be used."""
    if not 0 < query.weight <= 1:
        raise QueryInvalid(f"weight = {query.weight}: above 0 and up to 1 is allowed")
    check_code(query.code)


def check_code(code: Code) -> None:
    """Raise QueryInvalid unless the code has 32 bytes."""
    try:
        as_code(code)
    except ValueError as exc:
        raise QueryInvalid(f"code: {exc}") from exc


def check_pin_id(pin_id: str) -> None:
    """Raise QueryInvalid unless a pin may have this id."""
    try:
        valid_pin_id(pin_id)
    except EventInvalid as exc:
        raise QueryInvalid(f"pin_id = {pin_id!r:.80}: 1 to 64 of A-Z a-z 0-9 _ - are allowed") from exc


def check_slot(slot: int) -> None:
    """Raise QueryInvalid unless an object may have this slot."""
    if not 1 <= slot <= MAX_SLOT:
        raise QueryInvalid(f"slot = {slot}: objects are 1 to {MAX_SLOT}; for the whole picture use related()")


def parse_names(field: str, given: Names | None) -> frozenset[str] | None:
    """The names given for ``field``, None for any; raises QueryInvalid if there are none, or one cannot be printed."""
    if given is None:
        return None
    names = frozenset({given} if isinstance(given, str) else given)
    if not names or not all(names):
        raise QueryInvalid(f"{field} = {given!r:.80}: give at least one name, or None for any")
    if odd := sorted(name for name in names if not name.isprintable()):
        raise QueryInvalid(f"{field} = {odd[0]!r:.80}: printable characters are allowed")
    return names
