"""The best k pictures for all codes of a query, without a network: rankings are added until the top k is certain.

Rows of the same picture are one hit. The answer is right when no row that was not seen could change it.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from pinstream.search.sub_query import Exclusions, FreshnessBoost, SubQuery
from pinstream.search.sub_search import Candidate, SortKey, StoreQuery, SubSearch
from pinstream.store.collection import Row

_OVER_FETCH: Final = 2
"""Rows asked for beyond the limit: one for the pin itself, which is among its own nearest, and one that shows whether
there are more."""
_BY_SORT_KEY: Final = attrgetter("sort_key")


class TopK:
    """The ``limit`` best pictures of all sub-queries together, and whether there are more.

    Send ``next_store_queries()`` to the store and add each ranking to its sub-search, until there are no more queries.
    A picture's hit is the row that sorts first among its nearest rows of each sub-query.
    """

    def __init__(
        self, sub_queries: Sequence[SubQuery], *, limit: int, exclusions: Exclusions, boost: FreshnessBoost
    ) -> None:
        self._limit = limit
        self._at_least = limit + exclusions.hits_shown + _OVER_FETCH
        self._sub_searches = [SubSearch(sub_query, exclusions, boost) for sub_query in sub_queries]

    def next_store_queries(self) -> list[StoreQuery]:
        """What to ask the store, all at once; empty when the top k is certain."""
        ranked = self._ranked()
        # No cutoff before one picture more than the limit was found: whether there are more must be known too.
        cutoff: SortKey | None = ranked[self._limit - 1].sort_key if len(ranked) > self._limit else None
        queries = (search.next_store_query(cutoff, self._at_least) for search in self._sub_searches)
        return [query for query in queries if query is not None]

    def best(self) -> list[Candidate]:
        """The pictures found, best first, at most ``limit``."""
        return self._ranked()[: self._limit]

    @property
    def is_exhausted(self) -> bool:
        """Whether ``best`` has all pictures that the filters accept."""
        return all(search.is_exhausted for search in self._sub_searches) and len(self._ranked()) <= self._limit

    def has_seen(self, row: Row) -> bool:
        """Whether the first sub-query found ``row`` with the same code and version; ``row`` is of an excluded pin."""
        match = self._sub_searches[0].excluded.get(row.key)
        return match is not None and match.distance == 0 and match.row.version == row.version

    def _ranked(self) -> list[Candidate]:
        first, *others = self._sub_searches
        best = dict(first.found)
        for search in others:
            for picture, candidate in search.found.items():
                known = best.setdefault(picture, candidate)
                if candidate.sort_key < known.sort_key:
                    best[picture] = candidate
        return sorted(best.values(), key=_BY_SORT_KEY)
