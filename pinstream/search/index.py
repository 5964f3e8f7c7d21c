"""Searching what was indexed, straight from Milvus: no HTTP hop for services that hold a VisualIndex."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from typing import Final, ParamSpec, Self, TypeVar

from pinstream.clock import now_ms
from pinstream.errors import PinUnknown, QueryInvalid
from pinstream.search.cursor import Cursor, first_page, next_page
from pinstream.search.execute import PendingQuery, answers, blended_probes, probe, probes_like
from pinstream.search.hits import IndexedPin, PinTrace, SearchResult
from pinstream.search.newest import newest_rows
from pinstream.search.pin_reader import SLOTS_READ_AT_ONCE, PinReader, PinSlot, Rows, check_slot
from pinstream.search.query import (
    DEFAULT_HITS,
    CodeQuery,
    Filters,
    Order,
    check_code,
    check_code_query,
    check_limit,
    check_order,
    question_of,
    where_of,
)
from pinstream.store.codes import Code
from pinstream.store.collection import EMBEDDING_VERSION, WHOLE_SLOT, Row, Slots, Where
from pinstream.store.vector_store import Consistency, VectorStore
from pinstream.tls import Tls

EVERYTHING: Final = Filters()
P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class VisualIndex:
    """Related pins, similar objects and search by code. Calls block and are thread-safe.

    All searches take ``limit`` (1 to 1,000 pictures), ``filters``, an ``order`` other than by similarity, and the
    ``cursor`` of the page before. They raise QueryInvalid (the message says what is allowed), PinUnknown, PinDeleted,
    ObjectUnknown, and the store's IndexUnavailable (try again) and IndexMismatch.
    At the default consistency an answer may lack what was written in the last 0.2 s; Strong waits for it.
    ``tls`` names certificates for an ``https`` address.
    """

    def __init__(
        self,
        uri: str,
        *,
        token: str | None = None,
        embedding_version: int = EMBEDDING_VERSION,
        timeout_s: float = 5.0,
        consistency: Consistency = "Bounded",
        tls: Tls | None = None,
    ) -> None:
        try:
            from pinstream.store.milvus import MilvusStore  # noqa: PLC0415  (an optional extra, and slow to import)
        except ImportError as exc:
            raise ImportError("searching Milvus needs the extra: pip install 'pinstream[search]'") from exc
        store = MilvusStore(uri, token=token, embedding_version=embedding_version, timeout_s=timeout_s, tls=tls)
        self._over(store, now_ms, consistency)

    @classmethod
    def over(
        cls, store: VectorStore, *, clock_ms: Callable[[], int] = now_ms, consistency: Consistency = "Bounded"
    ) -> Self:
        """An index over ``store``: a MemoryStore in tests, or a MilvusStore that is there already."""
        index = cls.__new__(cls)
        index._over(store, clock_ms, consistency)
        return index

    def _over(self, store: VectorStore, clock_ms: Callable[[], int], consistency: Consistency) -> None:
        self._store, self._clock_ms, self._consistency = store, clock_ms, consistency
        self._pins = PinReader(store, consistency)

    def get(self, pin_id: str) -> IndexedPin:
        """The pin and its objects, as they are in the index."""
        found = self.get_many([pin_id])[pin_id]
        if isinstance(found, PinUnknown):
            raise found
        return found

    def get_many(self, pin_ids: Iterable[str]) -> dict[str, IndexedPin | PinUnknown]:
        """``get`` for many pins with one call; who is not there has its error."""
        now_ms = self._clock_ms()
        found = self._pins.wholes(dict.fromkeys(pin_ids))
        return {pin_id: rows if isinstance(rows, PinUnknown) else _pin(rows, now_ms) for pin_id, rows in found.items()}

    def newest(self, *, limit: int = DEFAULT_HITS, filters: Filters = EVERYTHING) -> tuple[IndexedPin, ...]:
        """The pins that were published last, the newest first, each with its objects."""
        check_limit(limit)
        now_ms = self._clock_ms()
        where = where_of(filters, "whole", now_ms=now_ms)
        scan = partial(self._store.scan, consistency=self._consistency)
        wholes = newest_rows(scan, where, limit=limit, now_ms=now_ms)
        slots = {whole.pin_id: range(whole.object_count + 1) for whole in wholes}
        found = self._pins.rows(slots) if slots else {}
        pins = [_pin(rows, now_ms) for rows in found.values() if not isinstance(rows, PinUnknown)]
        return tuple(sorted(pins, key=lambda pin: (-pin.published_at_ms, pin.pin_id)))

    def related(
        self,
        pin_id: str,
        *,
        limit: int = DEFAULT_HITS,
        filters: Filters = EVERYTHING,
        order: Order | None = None,
        cursor: str | None = None,
    ) -> SearchResult:
        """Whole pictures like this pin's, its near-duplicates first; ``label``: what a picture mainly shows."""
        found = self._like([(pin_id, WHOLE_SLOT)], limit, filters, order, cursor)[pin_id, WHOLE_SLOT]
        if isinstance(found, PinUnknown):
            raise found
        return found

    def related_many(
        self,
        pin_ids: Iterable[str],
        *,
        limit: int = DEFAULT_HITS,
        filters: Filters = EVERYTHING,
        order: Order | None = None,
    ) -> dict[str, SearchResult | PinUnknown]:
        """``related`` for many pins with one call to read them and one to search; who is not there has its error."""
        wholes = [(pin_id, WHOLE_SLOT) for pin_id in dict.fromkeys(pin_ids)]
        return {pin_id: found for (pin_id, _), found in self._like(wholes, limit, filters, order, None).items()}

    def similar(
        self,
        pin_id: str,
        slot: int,
        *,
        limit: int = DEFAULT_HITS,
        filters: Filters = EVERYTHING,
        order: Order | None = None,
        cursor: str | None = None,
    ) -> SearchResult:
        """Objects like the one in ``slot`` (1..n), of its label unless ``filters`` name others or ANY_LABEL."""
        found = self._like([(pin_id, check_slot(slot))], limit, filters, order, cursor)[pin_id, slot]
        if isinstance(found, PinUnknown):
            raise found
        return found

    def similar_many(
        self,
        things: Iterable[tuple[str, int]],
        *,
        limit: int = DEFAULT_HITS,
        filters: Filters = EVERYTHING,
        order: Order | None = None,
    ) -> dict[tuple[str, int], SearchResult | PinUnknown]:
        """``similar`` for many (pin, slot), with one call to read them and one to search for each label."""
        objects = list(dict.fromkeys((pin_id, check_slot(slot)) for pin_id, slot in things))
        return self._like(objects, limit, filters, order, None)

    def by_code(
        self,
        code: Code,
        *,
        slots: Slots = "any",
        limit: int = DEFAULT_HITS,
        filters: Filters = EVERYTHING,
        order: Order | None = None,
        cursor: str | None = None,
    ) -> SearchResult:
        """What is nearest to ``code`` ((32,) bytes): whole pictures, objects, or any of the two."""
        return self._by_codes([code], slots, limit, filters, order, cursor)[0]

    def by_code_many(
        self,
        codes: Sequence[Code],
        *,
        slots: Slots = "any",
        limit: int = DEFAULT_HITS,
        filters: Filters = EVERYTHING,
        order: Order | None = None,
    ) -> list[SearchResult]:
        """``by_code`` for many codes with one call."""
        return self._by_codes(codes, slots, limit, filters, order, None)

    def blended(
        self,
        queries: Sequence[CodeQuery],
        *,
        limit: int = DEFAULT_HITS,
        filters: Filters = EVERYTHING,
        order: Order | None = None,
        cursor: str | None = None,
    ) -> SearchResult:
        """One answer to several codes, as Lens asks them: by ``weight`` times calibrated relevance, 0 to 1.

        A picture that several of them find is one hit, under the code that makes it most relevant (``Hit.query``).
        A query's own label holds where ``filters`` name none. See ``pinstream.search.blend.lens_queries``.
        """
        check_limit(limit)
        if not queries:
            raise QueryInvalid("queries: give at least one code")
        asked = [check_code_query(one).identity() for one in queries]
        question = ("blended", *asked, *question_of(filters, check_order(order)))
        page = self._pages(cursor, {"": question})[""]
        probes = blended_probes(queries, filters, now_ms=page.asked_at_ms)
        return self._found([PendingQuery(probes, page, limit, order, filters.left_out)])[0]

    def trace(self, pin_id: str) -> PinTrace:
        """Every row of a pin, dead ones too, and whether a search finds it; of an unknown pin there are none.

        Rows are read at Strong. Vanished objects are looked for in the first slots only.
        """
        slots = range(SLOTS_READ_AT_ONCE)
        rows = self._pins.read({pin_id: slots}, consistency="Strong")[pin_id]
        whole = rows.get(WHOLE_SLOT)
        if whole is not None and whole.object_count >= SLOTS_READ_AT_ONCE:
            rows = self._pins.read({pin_id: range(whole.object_count + 1)}, consistency="Strong")[pin_id]
        found = False
        if whole is not None:
            where = Where(slots="whole", pins=frozenset({pin_id}))
            found = bool(self._store.nearest([whole.code], where=where, limit=1, consistency=self._consistency)[0])
        in_order = tuple(row for _, row in sorted(rows.items()))
        return PinTrace(pin_id=pin_id, rows=in_order, found=found, asked_at_ms=self._clock_ms())

    def close(self) -> None:
        """Let go of the connection; safe to call twice."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _like(
        self, things: list[PinSlot], limit: int, filters: Filters, order: Order | None, cursor: str | None
    ) -> dict[PinSlot, SearchResult | PinUnknown]:
        """What is like each picture (slot 0) or object, or why there is none.

        Rows read lately are not read again where the search itself can prove that they are still the pin's.
        """
        check_limit(limit)
        asked = question_of(filters, check_order(order))
        pages = self._pages(cursor, {thing: ("like", *thing, *asked) for thing in things})

        def ask(thing: PinSlot, row: Row) -> PendingQuery:
            page = pages[thing]
            probes = probes_like(row, filters, now_ms=page.asked_at_ms)
            return PendingQuery(probes, page, limit, order, filters.left_out | {row.pin_id})

        recalled = {thing: ask(thing, row).proving(row) for thing, row in self._pins.recalled(things).items()}
        questions = {thing: question for thing, question in recalled.items() if question.proves is not None}
        found = self._asked(questions, [thing for thing in things if thing not in questions], ask)
        stale = [thing for thing, answer in found.items() if answer is None]
        found |= self._asked({}, stale, ask)
        return {thing: answer for thing in things if (answer := found[thing]) is not None}

    def _asked(
        self, questions: dict[PinSlot, PendingQuery], unread: list[PinSlot], ask: Callable[[PinSlot, Row], PendingQuery]
    ) -> dict[PinSlot, SearchResult | PinUnknown | None]:
        """The questions' answers, and those for things that must be read first; None where a proof failed."""
        read = self._pins.things(unread)
        missing = {thing: row for thing, row in read.items() if isinstance(row, PinUnknown)}
        questions = questions | {thing: ask(thing, row) for thing, row in read.items() if isinstance(row, Row)}
        return dict(zip(questions, self._search(list(questions.values())), strict=True)) | missing

    def _by_codes(
        self,
        codes: Sequence[Code],
        slots: Slots,
        limit: int,
        filters: Filters,
        order: Order | None,
        cursor: str | None,
    ) -> list[SearchResult]:
        check_limit(limit)
        asked = question_of(filters, check_order(order))
        pages = self._pages(cursor, {code: ("code", check_code(code), slots, *asked) for code in codes})
        questions = {
            code: PendingQuery(
                (probe(code, where_of(filters, slots, now_ms=page.asked_at_ms)),), page, limit, order, filters.left_out
            )
            for code, page in pages.items()
        }
        found = dict(zip(questions, self._found(list(questions.values())), strict=True))
        return [found[code] for code in codes]

    def _found(self, questions: list[PendingQuery]) -> list[SearchResult]:
        """The answers to questions that prove nothing."""
        return [answer for answer in self._search(questions) if answer is not None]

    def _search(self, questions: list[PendingQuery]) -> list[SearchResult | None]:
        if not questions:
            return []
        ranked = partial(self._store.nearest_with_ties, consistency=self._consistency)
        return answers(ranked, questions, now_ms=self._clock_ms())

    def _pages(self, cursor: str | None, questions: Mapping[T, object]) -> dict[T, Cursor]:
        """From where each question's answer goes on; those that begin, begin at one moment."""
        now_ms = self._clock_ms()
        return {
            key: first_page(question, now_ms=now_ms) if cursor is None else next_page(cursor, question)
            for key, question in questions.items()
        }


class AsyncVisualIndex:
    """A VisualIndex for services: the same calls as coroutines, each in a thread."""

    def __init__(self, index: VisualIndex) -> None:
        self._index = index
        self.get = _in_thread(index.get)
        self.get_many = _in_thread(index.get_many)
        self.newest = _in_thread(index.newest)
        self.related = _in_thread(index.related)
        self.related_many = _in_thread(index.related_many)
        self.similar = _in_thread(index.similar)
        self.similar_many = _in_thread(index.similar_many)
        self.by_code = _in_thread(index.by_code)
        self.by_code_many = _in_thread(index.by_code_many)
        self.blended = _in_thread(index.blended)

    async def close(self) -> None:
        """Let go of the connection."""
        await asyncio.to_thread(self._index.close)


def _pin(rows: Rows, now_ms: int) -> IndexedPin:
    objects = (row for slot, row in rows.items() if slot != WHOLE_SLOT and row.alive)
    return IndexedPin.of(rows[WHOLE_SLOT], objects, now_ms=now_ms)


def _in_thread(call: Callable[P, R]) -> Callable[P, Coroutine[None, None, R]]:
    async def threaded(*args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(call, *args, **kwargs)

    return threaded
