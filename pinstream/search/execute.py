"""Questions answered together: what they need next goes to the store in one call for each filter."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, Self

from pinstream.errors import QueryInvalid
from pinstream.search.blend import relevance
from pinstream.search.cursor import MAX_PAGED, Cursor
from pinstream.search.hits import NEAR_DUPLICATE_BITS, SAME_PRODUCT_BITS, Hit, SearchResult, picture_of
from pinstream.search.query import CodeQuery, Filters, Freshness, Order, Rerank, where_of
from pinstream.search.topk import Candidate, CodeProbe, Scope, StoreQuery, TopK
from pinstream.store.codes import Code
from pinstream.store.collection import WHOLE_SLOT, Row, Where
from pinstream.store.vector_store import Ranking


class RankedBy(Protocol):
    """A store's ``ranked``, at the consistency that was chosen."""

    def __call__(self, codes: Sequence[Code], *, where: Where, at_least: int) -> list[Ranking]:
        """For each code its nearest rows, no tie cut."""
        ...


@dataclass(frozen=True, slots=True)
class PendingQuery:
    """One search: what is asked, from where on, and whom the answer leaves out.

    Its code may be one that was read a while ago: the answer then holds only if the row that it ``proves`` was met.
    """

    probes: tuple[CodeProbe, ...]
    cursor: Cursor
    limit: int
    order: Order | None = None
    but: frozenset[str] = frozenset()
    proves: Row | None = None

    def proving(self, row: Row) -> Self:
        """This question, unanswered unless the search meets ``row`` as it was read; where it cannot, itself."""
        return replace(self, proves=row) if self.probes[0].where.accepts(row) else self

    def gathering(self) -> TopK:
        """The search as the store will see it; for whoever re-ranks, all candidates, those shown before too."""
        freshness = self.order if isinstance(self.order, Freshness) else None
        scope = Scope(self.but, self.cursor, freshness, self.cursor.asked_at_ms)
        if isinstance(self.order, Rerank):
            return TopK(self.probes, limit=self.order.candidates, scope=replace(scope, cursor=None))
        return TopK(self.probes, limit=self.limit, scope=scope)


def probe(code: Code, where: Where) -> CodeProbe:
    """What is like ``code``, near-duplicates first."""
    return CodeProbe(code=code, where=where, leads_within=NEAR_DUPLICATE_BITS)


def probes_like(row: Row, filters: Filters, *, now_ms: int) -> tuple[CodeProbe, ...]:
    """What is like a whole picture, or like an object: of its label, the same product first.

    The same product are near-duplicates, and what is alike and links to the same page.
    """
    if row.slot == WHOLE_SLOT:
        return (probe(row.code, where_of(filters, "whole", now_ms=now_ms)),)
    where = where_of(filters, "objects", now_ms=now_ms, gate=row.label)
    alike = CodeProbe(code=row.code, where=where, leads_within=NEAR_DUPLICATE_BITS, finds_products=True)
    if not row.link:
        return (alike,)
    linked = replace(where, link=row.link)
    return alike, replace(alike, where=linked, leads_within=SAME_PRODUCT_BITS, reach=SAME_PRODUCT_BITS)


def blended_probes(queries: Sequence[CodeQuery], filters: Filters, *, now_ms: int) -> tuple[CodeProbe, ...]:
    """Several codes, whose hits are merged by calibrated relevance, near-duplicates first."""
    return tuple(
        CodeProbe(
            code=query.code,
            where=where_of(filters, query.slots, now_ms=now_ms, gate=query.label),
            worth=partial(_weighted, query),
            leads_within=NEAR_DUPLICATE_BITS,
            query=place,
        )
        for place, query in enumerate(queries)
    )


def answers(ranked: RankedBy, questions: Sequence[PendingQuery], *, now_ms: int) -> list[SearchResult | None]:
    """What the store finds for each question, None where a proof failed. Rounds go on until all is certain."""
    gatherings = [question.gathering() for question in questions]
    while asks := [ask for gathering in gatherings for ask in gathering.asks()]:
        together: dict[tuple[Where, int], list[StoreQuery]] = {}
        for ask in asks:
            together.setdefault((ask.where, ask.at_least), []).append(ask)
        for (where, at_least), group in together.items():
            rankings = ranked([ask.code for ask in group], where=where, at_least=at_least)
            for ask, ranking in zip(group, rankings, strict=True):
                ask.take(ranking)
    return [
        _result(question, gathering, now_ms=now_ms) for question, gathering in zip(questions, gatherings, strict=True)
    ]


def _result(question: PendingQuery, gathering: TopK, *, now_ms: int) -> SearchResult | None:
    if question.proves is not None and not gathering.met(question.proves):
        return None
    hits = [_hit(candidate, now_ms=now_ms) for candidate in gathering.best()]
    exhausted = gathering.exhausted
    if isinstance(question.order, Rerank):
        hits = [hit for hit in _reranked(question.order, hits) if not _was_shown(question.cursor, hit)]
        more = len(hits) > question.limit
        exhausted = exhausted and not more
    else:
        more = not exhausted
    shown = tuple(hits[: question.limit])
    return SearchResult(shown, exhausted, _next(question.cursor, shown) if more else None)


def _next(cursor: Cursor, shown: Sequence[Hit]) -> str | None:
    """Where the next page begins, unless that is deeper than a cursor reaches."""
    if cursor.shown + len(shown) > MAX_PAGED:
        return None
    return cursor.after((hit.pin_id, picture_of(hit)) for hit in shown).encode()


def _hit(candidate: Candidate, *, now_ms: int) -> Hit:
    match, probe = candidate.match, candidate.probe
    return Hit.of(
        match,
        now_ms=now_ms,
        pins=len(candidate.pins),
        relevance=candidate.relevance,
        query=probe.query,
        same_product=probe.stands_for_product(match.distance),
    )


def _reranked(order: Rerank, hits: list[Hit]) -> list[Hit]:
    """By the caller's scores; equal ones stay as they were."""
    scores = [float(score) for score in order.scorer(hits)] if hits else []
    if len(scores) != len(hits) or not all(map(math.isfinite, scores)):
        raise QueryInvalid(f"scorer: {len(hits)} finite scores were expected, it gave {len(scores)}: {scores!r:.80}")
    scored = [replace(hit, relevance=score) for hit, score in zip(hits, scores, strict=True)]
    return sorted(scored, key=lambda hit: -hit.relevance)


def _was_shown(cursor: Cursor, hit: Hit) -> bool:
    return cursor.has("picture", picture_of(hit)) or cursor.has("pin", hit.pin_id)


def _weighted(query: CodeQuery, distance: int) -> float:
    return query.weight * relevance(distance, query.slots)
