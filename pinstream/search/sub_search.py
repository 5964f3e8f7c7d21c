"""The search for one code of a query, without a network: what was found, and what to ask the store next.

The store returns the nearest rows first, and never only some of the rows at one distance. So every row that was not
seen yet is farther away than all rows that were, which limits its relevance (the threshold of Fagin's algorithm). With
a freshness boost the limit says how young such a row must be to enter the top k, and the store is asked for those rows
only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from pinstream.search.hits import picture_of
from pinstream.search.sub_query import Exclusions, FreshnessBoost, SubQuery
from pinstream.store.codes import Code
from pinstream.store.collection import Where
from pinstream.store.vector_store import MAX_LIMIT, Match, Ranking

_NO_ROW: Final = -1
_ROUNDING: Final = 1e-9
_MAX_DOUBLINGS: Final = 10

SortKey = tuple[bool, float, int, str]
"""Smallest first: whether the distance exceeds ``priority_bits``, then -relevance, distance and row key."""


@dataclass(slots=True)
class Candidate:
    """One picture as one sub-query found it: its best row of the nearest, and the pins of all those."""

    match: Match
    sub_query: SubQuery
    sort_key: SortKey
    pins: set[str] = field(default_factory=set)

    @property
    def relevance(self) -> float:
        """The hits are sorted by it; greater is better."""
        return -self.sort_key[1]


@dataclass(frozen=True, slots=True)
class StoreQuery:
    """One query for the store; give the ranking to ``sub_search.add`` before asking it for its next query."""

    sub_search: "SubSearch"
    where: Where
    at_least: int

    @property
    def code(self) -> Code:
        """The code to rank by."""
        return self.sub_search.sub_query.code


class SubSearch:
    """The pictures that one sub-query has found so far, and the distance up to which it has seen every row."""

    def __init__(self, sub_query: SubQuery, exclusions: Exclusions, boost: FreshnessBoost) -> None:
        self.sub_query = sub_query
        self.is_exhausted = False
        """Whether all rows that the filter accepts were seen, up to ``max_bits``."""
        self.found: dict[str, Candidate] = {}
        """The pictures found so far; none of them will change."""
        self.excluded: dict[str, Match] = {}
        """The rows that were seen of pins that the answer leaves out, by key."""
        self._exclusions = exclusions
        self._boost = boost
        self._excluded_pictures: set[str] = set()
        self._excluded_pins: set[str] = set()
        self._seen_to_bits = -1
        self._store_has_no_more = False
        self._rounds = 0
        self._cutoff: SortKey | None = None
        self._asked_for_young = False
        self._incomplete_pictures: set[str] = set()

    def next_store_query(self, cutoff: SortKey | None, at_least: int) -> StoreQuery | None:
        """What to ask the store next; None if no row that was not seen yet can sort before ``cutoff``."""
        self._cutoff = cutoff
        if self._incomplete_pictures:
            where = replace(self.sub_query.where, image_sha256s=frozenset(self._incomplete_pictures))
            return StoreQuery(self, where, min(2 * len(self._incomplete_pictures), MAX_LIMIT))
        if self._store_has_no_more or self._seen_to_bits >= self.sub_query.max_bits:
            return None
        since_ms = self._published_since_ms(cutoff)
        if since_ms == _NO_ROW:
            return None
        self._asked_for_young = since_ms is not None
        where = self.sub_query.where
        if self._rounds:
            # The known pictures are complete, since the store cuts no tie. Without this, one picture that thousands of
            # pins show would fill every answer.
            where = replace(where, not_image_sha256s=self._known_pictures(), not_pins=self._known_pins())
        if since_ms is not None:
            where = replace(where, published_since_ms=max(since_ms, where.published_since_ms or 0))
        # Twice as many rows each round: one picture may be shown by thousands of pins.
        wanted = min(at_least << min(self._rounds, _MAX_DOUBLINGS), MAX_LIMIT)
        self._rounds += 1
        return StoreQuery(self, where, wanted)

    def add(self, ranking: Ranking) -> None:
        """Add the store's answer to the last query."""
        if self._incomplete_pictures:
            seen = {self._add(match, self.found) for match in ranking.matches}
            self._incomplete_pictures = set() if ranking.exhausted else self._incomplete_pictures - seen
            return
        if self._asked_for_young:
            self._add_young(ranking.matches)
        else:
            for match in ranking.matches:
                self._add(match, self.found)
        if ranking.matches:
            self._seen_to_bits = ranking.matches[-1].distance
        self._store_has_no_more = ranking.exhausted
        is_at_end = self._store_has_no_more or self._seen_to_bits >= self.sub_query.max_bits
        self.is_exhausted = is_at_end and not self._asked_for_young  # older rows were not asked for

    def _published_since_ms(self, cutoff: SortKey | None) -> int | None:
        """How new a row that was not seen yet must be to sort before ``cutoff``: its earliest publication time.

        None if rows of every age can; ``_NO_ROW`` if none can.
        """
        if cutoff is None:
            return None
        nearest_bits = self._seen_to_bits + 1
        is_not_first, relevance = nearest_bits > self.sub_query.priority_bits, -cutoff[1]
        if is_not_first != cutoff[0]:
            return _NO_ROW if is_not_first else None
        needed = relevance - self.sub_query.relevance_at(nearest_bits)
        # Floating-point sums may differ in their last bits: with the margin a row too many is read, never one too few.
        if needed > self._boost.maximum + _ROUNDING:
            return _NO_ROW
        return self._boost.published_since_ms(needed - _ROUNDING)

    def _add(self, match: Match, found: dict[str, Candidate]) -> str:
        """Add ``match`` to ``found`` unless it is excluded or not among its picture's nearest; return its picture."""
        row, distance = match.row, match.distance
        if distance > self.sub_query.max_bits or self._exclude(match):
            return ""
        picture = picture_of(row)
        known = found.get(picture)
        if known is not None and known.match.distance < distance:
            return picture
        sort_key = self._sort_key(match)
        if known is None:
            found[picture] = Candidate(match, self.sub_query, sort_key, {row.pin_id})
            return picture
        known.pins.add(row.pin_id)
        if sort_key < known.sort_key:
            known.match, known.sort_key = match, sort_key
        return picture

    def _add_young(self, matches: Sequence[Match]) -> None:
        """Add pictures that were found among young rows only.

        The nearest row of such a picture may be an old one, which the store was not asked for. So the next query asks
        for all rows of the pictures that could enter the top k; the other pictures are excluded from then on.
        """
        young: dict[str, Candidate] = {}
        for match in matches:
            self._add(match, young)
        for picture, candidate in young.items():
            sha256 = candidate.match.row.image_sha256
            if not sha256:
                self.found[picture] = candidate
            elif self._cutoff is None or candidate.sort_key < self._cutoff:
                self._incomplete_pictures.add(sha256)
            else:
                self._excluded_pictures.add(sha256)

    def _exclude(self, match: Match) -> bool:
        """Whether the answer leaves the row out. If so, later queries exclude its pin or its picture."""
        row = match.row
        if row.pin_id in self._exclusions.pins:
            self._excluded_pins.add(row.pin_id)
            self.excluded.setdefault(row.key, match)
            return True
        if not self._exclusions.has_shown(row):
            return False
        if self._exclusions.has_shown_picture(row):
            self._excluded_pictures.add(row.image_sha256)
        else:
            self._excluded_pins.add(row.pin_id)
        return True

    def _sort_key(self, match: Match) -> SortKey:
        distance = match.distance
        relevance = self.sub_query.relevance_at(distance) + self._boost.of(match.row)
        return distance > self.sub_query.priority_bits, -relevance, distance, match.row.key

    def _known_pictures(self) -> frozenset[str]:
        named = (candidate.match.row.image_sha256 for candidate in self.found.values())
        return frozenset(name for name in named if name) | self._excluded_pictures

    def _known_pins(self) -> frozenset[str]:
        rows = (candidate.match.row for candidate in self.found.values())
        return frozenset(row.pin_id for row in rows if not row.image_sha256) | self._excluded_pins
