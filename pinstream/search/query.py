"""How a search is asked: which pins may answer, in which order, and from where an answer goes on."""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, get_args

from pinstream.errors import QueryInvalid
from pinstream.events import Domain
from pinstream.store.codes import Code, as_code
from pinstream.store.collection import Slots, Where

if TYPE_CHECKING:
    from pinstream.search.hits import Hit

MAX_HITS: Final = 1_000
DEFAULT_HITS: Final = 20
DEFAULT_CANDIDATES: Final = 200
MAX_AGE_S: Final = 1e12
"""Older than the epoch."""
FRESHNESS_WEIGHT: Final = 0.25
"""What being published this moment is worth beside a similarity of -1 to 1: as much as 32 bits of distance."""

Names = str | Collection[str]


class AnyLabel(Enum):
    """Labels that stand for more than themselves."""

    ANY_LABEL = "any label"


ANY_LABEL: Final = AnyLabel.ANY_LABEL
"""Lets ``similar`` answer with objects of every label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which pins may answer; what is None does not restrict.

    ``domain`` and ``label`` take one name or several. Without a ``label``, ``similar`` keeps to the object's own;
    ``ANY_LABEL`` opens that gate. ``max_age_s`` counts from publication. Pins named in ``but`` are left out; others
    that show the same picture are not.
    """

    domain: Names | None = None
    label: Names | AnyLabel | None = None
    max_age_s: float | None = None
    but: Names | None = None

    @property
    def left_out(self) -> frozenset[str]:
        """The pins of ``but``."""
        return parse_names("but", self.but) or frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """Newer pins rank higher: ``relevance = similarity + weight * 2 ** (-age_s / half_life_s)``.

    A pin counts as up to ``weight * 128`` bits nearer than it is; after each half-life, half as much. Of two pins
    equally near the newer one leads, of two equally old the nearer. Near-duplicates still come before all others.
    """

    half_life_s: float
    weight: float = FRESHNESS_WEIGHT

    def share(self, age_s: float) -> float:
        """What is left of the boost at this age, 1 to 0."""
        return math.exp2(-max(age_s, 0.0) / self.half_life_s)

    def age_s(self, share: float) -> float:
        """The age at which ``share`` is left; ``share`` from above 0 to 1."""
        return -math.log2(share) * self.half_life_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerank:
    """The caller's own order: ``scorer`` gives each of the ``candidates`` nearest pictures a score, highest first.

    It is called once with all candidates, nearest first, and must return as many finite numbers; equal scores keep
    the order of nearness. Answers end with the candidates.
    """

    scorer: "Callable[[Sequence[Hit]], Sequence[float]]"
    candidates: int = DEFAULT_CANDIDATES


Order = Freshness | Rerank


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeQuery:
    """One of several codes that are asked together: which rows it may find, and what its hits are worth, 0 to 1."""

    code: Code
    slots: Slots = "any"
    label: Names | None = None
    weight: float = 1.0

    def identity(self) -> tuple[object, ...]:
        """What it asks, the same in every process."""
        return self.code, self.slots, _sorted(self.label), self.weight


def where_of(filters: Filters, slots: Slots, *, now_ms: int, gate: Names | None = None) -> Where:
    """The store's filter; only the labels of ``gate`` pass where ``filters`` say nothing. Raises QueryInvalid."""
    if slots not in get_args(Slots):
        raise QueryInvalid(f"slots = {slots!r}: {', '.join(get_args(Slots))} are allowed")
    age_s = filters.max_age_s
    if age_s is not None and not 0 <= age_s <= MAX_AGE_S:
        raise QueryInvalid(f"max_age_s = {age_s}: 0 to {MAX_AGE_S:.0e} seconds are allowed")
    domains = parse_names("domain", filters.domain)
    wrong = sorted((domains or frozenset()) - set(get_args(Domain)))
    if wrong:
        raise QueryInvalid(f"domain = {wrong[0]!r}: {', '.join(get_args(Domain))} are allowed")
    if filters.label is None:
        labels = None if gate is None else frozenset({gate} if isinstance(gate, str) else gate)
    else:
        labels = None if isinstance(filters.label, AnyLabel) else parse_names("label", filters.label)
    return Where(
        slots=slots,
        domains=domains,
        labels=labels,
        published_since_ms=None if age_s is None else max(now_ms - round(age_s * 1000), 0),
    )


def question_of(filters: Filters, order: Order | None) -> tuple[object, ...]:
    """What a cursor must not be carried across, the same in every process."""
    label = filters.label.value if isinstance(filters.label, AnyLabel) else _sorted(filters.label)
    kept = ("rerank", order.candidates) if isinstance(order, Rerank) else order
    return _sorted(filters.domain), label, filters.max_age_s, _sorted(filters.but), kept


def check_limit(limit: int, *, most: int = MAX_HITS) -> int:
    """``limit`` itself; raises QueryInvalid unless it is from 1 to ``most``."""
    if not 1 <= limit <= most:
        raise QueryInvalid(f"limit = {limit}: 1 to {most} are allowed")
    return limit


def check_order(order: Order | None) -> Order | None:
    """``order`` itself; raises QueryInvalid, naming what is out of range."""
    match order:
        case Freshness(half_life_s=half_life_s, weight=weight):
            if not 0 < half_life_s < math.inf:
                raise QueryInvalid(f"half_life_s = {half_life_s}: seconds, above 0, are allowed")
            if not 0 < weight <= 2:
                raise QueryInvalid(f"weight = {weight}: above 0 and up to 2 is allowed")
        case Rerank(candidates=candidates) if not 1 <= candidates <= MAX_HITS:
            raise QueryInvalid(f"candidates = {candidates}: 1 to {MAX_HITS} are allowed")
    return order


def check_code_query(query: CodeQuery) -> CodeQuery:
    """``query`` itself; raises QueryInvalid, naming what is out of range."""
    if not 0 < query.weight <= 1:
        raise QueryInvalid(f"weight = {query.weight}: above 0 and up to 1 is allowed")
    check_code(query.code)
    return query


def check_code(code: Code) -> Code:
    """``code`` itself; raises QueryInvalid if it has another length."""
    try:
        return as_code(code)
    except ValueError as exc:
        raise QueryInvalid(f"code: {exc}") from exc


def _sorted(names: Names | None) -> list[str] | None:
    return None if names is None else sorted({names} if isinstance(names, str) else names)


def parse_names(what: str, given: Names | None) -> frozenset[str] | None:
    """The names given for ``what``, None for any; raises QueryInvalid if there are none, or one cannot be printed."""
    if given is None:
        return None
    names = frozenset({given} if isinstance(given, str) else given)
    if not names or not all(names):
        raise QueryInvalid(f"{what} = {given!r:.80}: give at least one name, or None for any")
    if odd := sorted(name for name in names if not name.isprintable()):
        raise QueryInvalid(f"{what} = {odd[0]!r:.80}: printable characters are allowed")
    return names
