"""What is searched for with one code of a query, and what applies to all codes of the query."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from pinstream.search.cursor import Cursor
from pinstream.search.hits import NEAR_DUPLICATE_BITS, picture_of
from pinstream.search.query import Freshness
from pinstream.store.codes import CODE_BITS, Code, similarity
from pinstream.store.collection import Row, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class SubQuery:
    """One code to search for: which rows it may find, and how relevant they are by their distance.

    ``relevance_at`` gives the relevance at a distance, and falls with every bit. Rows at up to ``priority_bits`` come
    before all others, whatever their relevance: near-duplicates, or the same product. Rows beyond ``max_bits`` are not
    found. ``position`` is the code's place in the query (``Hit.query``).
    """

    code: Code
    where: Where
    relevance_at: Callable[[int], float] = similarity
    priority_bits: int = NEAR_DUPLICATE_BITS
    max_bits: int = CODE_BITS
    position: int = 0
    marks_same_product: bool = False

    def is_same_product(self, distance: int) -> bool:
        """Whether a row at this distance counts as the same product."""
        return self.marks_same_product and distance <= self.priority_bits


@dataclass(frozen=True, slots=True)
class FreshnessBoost:
    """What ``Freshness`` adds to a row's relevance at one moment; without one, nothing."""

    freshness: Freshness | None = None
    now_ms: int = 0

    @property
    def maximum(self) -> float:
        """The boost of a row that is published now."""
        return 0.0 if self.freshness is None else self.freshness.weight

    def of(self, row: Row) -> float:
        """The boost of ``row``."""
        if self.freshness is None:
            return 0.0
        return self.freshness.weight * self.freshness.decay((self.now_ms - row.published_at_ms) / 1000)

    def published_since_ms(self, boost: float) -> int | None:
        """The earliest publication time that still gives this boost (at most ``maximum``); None if every time does."""
        if self.freshness is None or boost <= 0:
            return None
        # Rounded down, to a row too many: it is sorted out later, and a missing one would be lost.
        age_ms = self.freshness.age_s(min(boost / self.freshness.weight, 1.0)) * 1000
        return max(self.now_ms - math.ceil(age_ms) - 1, 0) if age_ms < self.now_ms else None


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Rows that an answer leaves out: those of certain pins, and what earlier pages showed."""

    pins: frozenset[str] = frozenset()
    page: Cursor | None = None

    @property
    def hits_shown(self) -> int:
        """How many hits the earlier pages had, approximately."""
        return 0 if self.page is None else self.page.hits_shown

    def has_shown(self, row: Row) -> bool:
        """Whether an earlier page had the row's pin or its picture."""
        if self.page is None or not self.page.marks:  # on a first page no row needs to be hashed
            return False
        return self.page.was_shown(pin_id=row.pin_id, picture=picture_of(row))

    def has_shown_picture(self, row: Row) -> bool:
        """Whether an earlier page had the row's picture; False if its digest is not known."""
        return self.page is not None and bool(row.image_sha256) and self.page.picture_was_shown(row.image_sha256)
