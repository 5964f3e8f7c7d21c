"""A search from top to bottom: read the pin's code, ask the store until the top k is certain, make hits of it.

Arguments were checked when the ``SearchOptions`` were made.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pinstream.errors import PinUnknown, QueryInvalid
from pinstream.search.blend import relevance
from pinstream.search.cursor import MAX_PAGED, Cursor
from pinstream.search.hits import (
    NEAR_DUPLICATE_BITS,
    SAME_PRODUCT_BITS,
    Hit,
    SearchResult,
    age_s,
    picture_of,
)
from pinstream.search.options import SearchOptions
from pinstream.search.pin_reader import PinReader, PinSlot
from pinstream.search.query import CodeQuery, Freshness, Rerank
from pinstream.search.sub_query import Exclusions, FreshnessBoost, SubQuery
from pinstream.search.sub_search import Candidate, StoreQuery
from pinstream.search.topk import TopK
from pinstream.store.codes import Code, similarity
from pinstream.store.collection import WHOLE_SLOT, Row, Slots, Where
from pinstream.store.vector_store import Consistency, VectorStore


@dataclass(frozen=True, slots=True)
class Query:
    """One query as it is executed: its sub-queries, its page, and the pin that is searched for and not returned.

    ``remembered`` is the row that the code was taken from, if it was read for an earlier query. The pin may have
    changed since: if the search does not find the same row, the code is outdated, and the query has no result.
    """

    sub_queries: tuple[SubQuery, ...]
    options: SearchOptions
    page: Cursor
    excluded_pin: str | None = None
    remembered: Row | None = None


class Searcher:
    """Executes queries over a store, many of them in as few calls as one. Blocks; safe to use from many threads."""

    def __init__(
        self, store: VectorStore, pins: PinReader, *, clock_ms: Callable[[], int], consistency: Consistency
    ) -> None:
        self._store, self._pins = store, pins
        self._clock_ms, self._consistency = clock_ms, consistency

    def search_like(
        self, wanted: Sequence[PinSlot], options: SearchOptions
    ) -> dict[PinSlot, SearchResult | PinUnknown]:
        """What is like each picture (slot 0) or object, or the error of a pin that is not in the index."""
        now_ms = self._clock_ms()
        pages = {key: options.page(("like", *key), now_ms=now_ms) for key in wanted}
        # A remembered row saves a read, but its pin may have changed since. The search itself shows that: an unchanged
        # row is found at distance 0, provided that the filters accept it. Pins that have changed, or whose rows the
        # filters exclude, are read: so there are two passes.
        remembered = {
            key: replace(_query_like(row, options, pages[key]), remembered=row)
            for key, row in self._pins.remembered(wanted).items()
        }
        verifiable = {
            key: query
            for key, query in remembered.items()
            if query.remembered is not None and query.sub_queries[0].where.accepts(query.remembered)
        }
        answers: dict[PinSlot, SearchResult | PinUnknown] = {}
        for known in (verifiable, {}):
            rows = self._pins.read([key for key in wanted if key not in answers and key not in known])
            answers |= {key: row for key, row in rows.items() if isinstance(row, PinUnknown)}
            queries = known | {
                key: _query_like(row, options, pages[key]) for key, row in rows.items() if isinstance(row, Row)
            }
            found = zip(queries, self._execute(list(queries.values())), strict=True)
            answers |= {key: result for key, result in found if result is not None}
        return {key: answers[key] for key in wanted}

    def search_codes(self, codes: Sequence[Code], slots: Slots, options: SearchOptions) -> list[SearchResult]:
        """What is nearest to each code."""
        now_ms = self._clock_ms()
        queries: dict[Code, Query] = {}
        for code in codes:
            page = options.page(("code", code, slots), now_ms=now_ms)
            sub_query = SubQuery(code=code, where=options.where(slots, now_ms=page.asked_at_ms))
            queries[code] = Query((sub_query,), options, page)
        found = dict(zip(queries, self._execute(list(queries.values())), strict=True))
        return [result for code in codes if (result := found[code]) is not None]

    def search_blend(self, codes: Sequence[CodeQuery], options: SearchOptions) -> SearchResult:
        """What is nearest to all codes together, by calibrated relevance."""
        page = options.page(("blended", *(each.identity() for each in codes)), now_ms=self._clock_ms())
        sub_queries = tuple(
            SubQuery(
                code=each.code,
                where=options.where(each.slots, now_ms=page.asked_at_ms, labels=each.label),
                relevance_at=partial(_weighted_relevance, each),
                position=position,
            )
            for position, each in enumerate(codes)
        )
        found = self._execute([Query(sub_queries, options, page)])
        return next(result for result in found if result is not None)

    def _execute(self, queries: Sequence[Query]) -> list[SearchResult | None]:
        """The results; None for a query whose remembered row had changed. Each round makes one call for each filter."""
        now_ms = self._clock_ms()
        top_ks = [_top_k(query) for query in queries]
        while store_queries := [each for top_k in top_ks for each in top_k.next_store_queries()]:
            calls: dict[tuple[Where, int], list[StoreQuery]] = {}
            for each in store_queries:
                calls.setdefault((each.where, each.at_least), []).append(each)
            for (where, at_least), group in calls.items():
                codes = [each.code for each in group]
                rankings = self._store.nearest(codes, where=where, at_least=at_least, consistency=self._consistency)
                for each, ranking in zip(group, rankings, strict=True):
                    each.sub_search.add(ranking)
        return [_result(query, top_k, now_ms=now_ms) for query, top_k in zip(queries, top_ks, strict=True)]


def _query_like(row: Row, options: SearchOptions, page: Cursor) -> Query:
    """One sub-query for what is like the row; for an object with a link, another for objects with the same link."""
    if row.slot == WHOLE_SLOT:
        where = options.where("whole", now_ms=page.asked_at_ms)
        return Query((SubQuery(code=row.code, where=where),), options, page, row.pin_id)
    where = options.where("objects", now_ms=page.asked_at_ms, labels=row.label)
    alike = SubQuery(code=row.code, where=where, marks_same_product=True)
    if not row.link:
        return Query((alike,), options, page, row.pin_id)
    same_link = replace(where, link=row.link)
    linked = replace(alike, where=same_link, priority_bits=SAME_PRODUCT_BITS, max_bits=SAME_PRODUCT_BITS)
    return Query((alike, linked), options, page, row.pin_id)


def _weighted_relevance(query: CodeQuery, distance: int) -> float:
    return query.weight * relevance(distance, query.slots)


def _top_k(query: Query) -> TopK:
    options, order = query.options, query.options.order
    pins = options.excluded_pins | ({query.excluded_pin} if query.excluded_pin else set())
    if isinstance(order, Rerank):  # the scorer is given every candidate, those of earlier pages too
        return TopK(query.sub_queries, limit=order.candidates, exclusions=Exclusions(pins), boost=FreshnessBoost())
    boost = FreshnessBoost(order, query.page.asked_at_ms) if isinstance(order, Freshness) else FreshnessBoost()
    return TopK(query.sub_queries, limit=options.limit, exclusions=Exclusions(pins, query.page), boost=boost)


def _result(query: Query, top_k: TopK, *, now_ms: int) -> SearchResult | None:
    if query.remembered is not None and not top_k.has_seen(query.remembered):
        return None
    hits = [_hit(candidate, now_ms=now_ms) for candidate in top_k.best()]
    exhausted, limit, page = top_k.is_exhausted, query.options.limit, query.page
    if isinstance(query.options.order, Rerank):
        hits = [hit for hit in _rerank(query.options.order, hits) if not _was_shown(page, hit)]
        has_more = len(hits) > limit
        exhausted = exhausted and not has_more
    else:
        has_more = not exhausted
    shown = tuple(hits[:limit])
    return SearchResult(shown, exhausted, _next_cursor(page, shown) if has_more else None)


def _hit(candidate: Candidate, *, now_ms: int) -> Hit:
    row, distance, sub_query = candidate.match.row, candidate.match.distance, candidate.sub_query
    return Hit(
        pin_id=row.pin_id,
        slot=row.slot,
        distance=distance,
        similarity=similarity(distance),
        near_duplicate=distance <= NEAR_DUPLICATE_BITS,
        same_product=sub_query.is_same_product(distance),
        pins=len(candidate.pins),
        age_s=age_s(row, now_ms=now_ms),
        box=row.box,
        label=row.label,
        score=row.score,
        domain=row.domain,
        version=row.version,
        published_at_ms=row.published_at_ms,
        image_sha256=row.image_sha256,
        title=row.title,
        link=row.link,
        image_url=row.image_url,
        price=row.price,
        currency=row.currency,
        tags=row.tags,
        relevance=candidate.relevance,
        query=sub_query.position,
    )


def _rerank(order: Rerank, hits: list[Hit]) -> list[Hit]:
    """The hits, sorted by the caller's scores; hits with equal scores keep their order."""
    scores = [float(score) for score in order.scorer(hits)] if hits else []
    if len(scores) != len(hits) or not all(map(math.isfinite, scores)):
        raise QueryInvalid(f"scorer: {len(hits)} finite scores were expected, it gave {len(scores)}: {scores!r:.80}")
    scored = [replace(hit, relevance=score) for hit, score in zip(hits, scores, strict=True)]
    return sorted(scored, key=lambda hit: -hit.relevance)


def _was_shown(page: Cursor, hit: Hit) -> bool:
    return page.was_shown(pin_id=hit.pin_id, picture=picture_of(hit))


def _next_cursor(page: Cursor, shown: Sequence[Hit]) -> str | None:
    """The cursor of the next page; None if that would be deeper than a cursor reaches."""
    if page.hits_shown + len(shown) > MAX_PAGED:
        return None
    return page.after((hit.pin_id, picture_of(hit)) for hit in shown).encode()
