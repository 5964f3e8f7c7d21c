"""The best k pictures of all codes that a query asks for, without a network: fed with rankings until it is certain.

Rows of the same picture are one hit. The answer is right when no row that was not seen could change it.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Final

from pinstream.search.hits import picture_of
from pinstream.search.sub_query import Exclusions, FreshnessBoost, SubQuery
from pinstream.search.sub_search import Candidate, SortKey, StoreQuery, SubSearch
from pinstream.store.collection import Row

_OVER_FETCH: Final = 2
"""Rows asked for beyond the limit: the pin that is asked about is one of the nearest, and another shows if there are
more. Stores return what else they have."""
_BY_SORT_KEY: Final = attrgetter("sort_key")


class TopK:
    """The ``limit`` best pictures of all sub-queries together, and whether there are more.

    Ask the store ``next_store_queries()`` and give each ranking back, until there are none. Of a picture only the
    nearest rows of each sub-query count; the one that sorts first among them stands for the picture.
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
        cutoff: SortKey | None = ranked[self._limit - 1].sort_key if len(ranked) > self._limit else None
        queries = (search.next_store_query(cutoff, self._at_least) for search in self._sub_searches)
        return [query for query in queries if query is not None]

    def best(self) -> list[Candidate]:
        """The pictures found, best first, at most ``limit``."""
        return self._ranked()[: self._limit]

    @property
    def is_exhausted(self) -> bool:
        """Whether ``best`` is everything that the filters accept."""
        return all(search.is_exhausted for search in self._sub_searches) and len(self._ranked()) <= self._limit

    def has_seen(self, row: Row) -> bool:
        """Whether the first sub-query met ``row``, which the answer leaves out, unchanged: its code, its version."""
        match = self._sub_searches[0].excluded.get(row.key)
        return match is not None and match.distance == 0 and match.row.version == row.version

    def _ranked(self) -> list[Candidate]:
        best: dict[str, Candidate] = {}
        for search in self._sub_searches:
            for candidate in search.candidates():
                picture = picture_of(candidate.match.row)
                known = best.setdefault(picture, candidate)
                if candidate.sort_key < known.sort_key:
                    best[picture] = candidate
        return sorted(best.values(), key=_BY_SORT_KEY)
