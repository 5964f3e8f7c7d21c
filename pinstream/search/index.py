"""The public searches, directly in Milvus, without an HTTP service in between."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import ParamSpec, Self, TypeVar

from pinstream.clock import now_ms
from pinstream.errors import PinUnknown, QueryInvalid
from pinstream.search.hits import IndexedPin, PinTrace, SearchResult
from pinstream.search.newest import newest_rows
from pinstream.search.options import SearchOptions, check_code, check_code_query, check_slot
from pinstream.search.pin_reader import SLOTS_READ_AT_ONCE, PinReader, Rows
from pinstream.search.query import DEFAULT_HITS, NO_FILTERS, CodeQuery, Filters, Order
from pinstream.search.searcher import Searcher
from pinstream.store.codes import Code
from pinstream.store.collection import EMBEDDING_VERSION, WHOLE_SLOT, Slots, Where
from pinstream.store.vector_store import Consistency, VectorStore
from pinstream.tls import Tls

P = ParamSpec("P")
R = TypeVar("R")


class VisualIndex:
    """Related pins, similar objects and search by code, directly in Milvus. Thread-safe; every call blocks.

    ``uri`` is ``http(s)://host:port[/database]``; ``token`` an API key or ``user:password``. A call to Milvus may take
    ``timeout_s`` seconds. At the default ``consistency`` an answer may lack what was written in the last 0.2 s;
    ``"Strong"`` waits for it. ``tls`` names certificates for an ``https`` address. Close it, or use it with ``with``.

    All searches take

    - ``limit``: 1 to 1,000 pictures;
    - ``filters``: which pins may be returned;
    - ``order``: ``Freshness(...)`` or ``Rerank(...)`` instead of similarity;
    - ``cursor``: that of an earlier answer, for its next page.

    They raise QueryInvalid (an argument is out of range; the message says what is allowed), PinUnknown, IndexEmpty,
    PinDeleted or ObjectUnknown (there is no such pin or object), IndexUnavailable (Milvus does not answer: try again)
    and IndexMismatch (there is no such collection, or another one).
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
        self._set_store(store, now_ms, consistency)

    @classmethod
    def over(
        cls, store: VectorStore, *, clock_ms: Callable[[], int] = now_ms, consistency: Consistency = "Bounded"
    ) -> Self:
        """An index that searches ``store``: a MemoryStore in tests, or a MilvusStore that is open already."""
        index = cls.__new__(cls)
        index._set_store(store, clock_ms, consistency)
        return index

    def _set_store(self, store: VectorStore, clock_ms: Callable[[], int], consistency: Consistency) -> None:
        self._store, self._clock_ms, self._consistency = store, clock_ms, consistency
        self._pins = PinReader(store, consistency)
        self._searcher = Searcher(store, self._pins, clock_ms=clock_ms, consistency=consistency)

    def related(
        self,
        pin_id: str,
        *,
        limit: int = DEFAULT_HITS,
        filters: Filters = NO_FILTERS,
        order: Order | None = None,
        cursor: str | None = None,
    ) -> SearchResult:
        """Whole pictures like this pin's, its near-duplicates first."""
        key = pin_id, WHOLE_SLOT
        return _raise_if_unknown(self._searcher.search_like([key], SearchOptions(limit, filters, order, cursor))[key])

    def related_many(
        self,
        pin_ids: Iterable[str],
        *,
        limit: int = DEFAULT_HITS,
        filters: Filters = NO_FILTERS,
        order: Order | None = None,
    ) -> dict[str, SearchResult | PinUnknown]:
        """``related`` for many pins, with one call to read them and one to search; a pin that is missing has its error.

        Under a freshness boost, or where many rows show the same picture, further calls are made pin by pin.
        """
        wholes = [(pin_id, WHOLE_SLOT) for pin_id in dict.fromkeys(pin_ids)]
        found = self._searcher.search_like(wholes, SearchOptions(limit, filters, order))
        return {pin_id: answer for (pin_id, _), answer in found.items()}

    def similar(
        self,
        pin_id: str,
        slot: int,
        *,
        limit: int = DEFAULT_HITS,
        filters: Filters = NO_FILTERS,
        order: Order | None = None,
        cursor: str | None = None,
    ) -> SearchResult:
        """Objects like the one in ``slot`` (1..n), the same product first.

        They are of its label, unless ``filters`` name others or ANY_LABEL.
        """
        check_slot(slot)
        key = pin_id, slot
        return _raise_if_unknown(self._searcher.search_like([key], SearchOptions(limit, filters, order, cursor))[key])

    def similar_many(
        self,
        objects: Iterable[tuple[str, int]],
        *,
        limit: int = DEFAULT_HITS,
        filters: Filters = NO_FILTERS,
        order: Order | None = None,
    ) -> dict[tuple[str, int], SearchResult | PinUnknown]:
        """``similar`` for many (pin id, slot), with one call to read them and one to search for each label."""
        wanted = list(dict.fromkeys(objects))
        for _, slot in wanted:
            check_slot(slot)
        return self._searcher.search_like(wanted, SearchOptions(limit, filters, order))

    def by_code(
        self,
        code: Code,
        *,
        slots: Slots = "any",
        limit: int = DEFAULT_HITS,
        filters: Filters = NO_FILTERS,
        order: Order | None = None,
        cursor: str | None = None,
    ) -> SearchResult:
        """What is nearest to ``code`` (32 bytes, most significant bit first): whole pictures, objects, or any."""
        check_code(code)
        return self._searcher.search_codes([code], slots, SearchOptions(limit, filters, order, cursor))[0]

    def by_code_many(
        self,
        codes: Sequence[Code],
        *,
        slots: Slots = "any",
        limit: int = DEFAULT_HITS,
        filters: Filters = NO_FILTERS,
        order: Order | None = None,
    ) -> list[SearchResult]:
        """``by_code`` for many codes, with one call."""
        for code in codes:
            check_code(code)
        return self._searcher.search_codes(codes, slots, SearchOptions(limit, filters, order))

    def blended(
        self,
        queries: Sequence[CodeQuery],
        *,
        limit: int = DEFAULT_HITS,
        filters: Filters = NO_FILTERS,
        order: Order | None = None,
        cursor: str | None = None,
    ) -> SearchResult:
        """One answer to several codes, as Lens asks for: by ``weight`` times calibrated relevance, 0 to 1.

        A picture that several codes find is one hit, under the one that makes it most relevant (``Hit.query``). A
        query's own label applies where ``filters`` name none. ``pinstream.search.blend.lens_queries`` makes the
        queries for a photo.
        """
        if not queries:
            raise QueryInvalid("queries: give at least one code")
        for query in queries:
            check_code_query(query)
        return self._searcher.search_blend(queries, SearchOptions(limit, filters, order, cursor))

    def get(self, pin_id: str) -> IndexedPin:
        """The pin and its objects, as they are in the index."""
        return _raise_if_unknown(self.get_many([pin_id])[pin_id])

    def get_many(self, pin_ids: Iterable[str]) -> dict[str, IndexedPin | PinUnknown]:
        """``get`` for many pins, with one call; a pin that is missing has its error."""
        asked_at_ms = self._clock_ms()
        pins = self._pins.read_pins(dict.fromkeys(pin_ids))
        return {
            pin_id: rows if isinstance(rows, PinUnknown) else _pin(rows, asked_at_ms) for pin_id, rows in pins.items()
        }

    def newest(self, *, limit: int = DEFAULT_HITS, filters: Filters = NO_FILTERS) -> tuple[IndexedPin, ...]:
        """The pins that were published last, the newest first, each with its objects."""
        asked_at_ms = self._clock_ms()
        where = SearchOptions(limit, filters).where("whole", now_ms=asked_at_ms)
        wholes = newest_rows(self._store, where, limit=limit, now_ms=asked_at_ms, consistency=self._consistency)
        slots = {whole.pin_id: range(whole.object_count + 1) for whole in wholes}
        found = self._pins.read_slots(slots) if slots else {}
        pins = [_pin(rows, asked_at_ms) for rows in found.values() if not isinstance(rows, PinUnknown)]
        return tuple(sorted(pins, key=lambda pin: (-pin.published_at_ms, pin.pin_id)))

    def trace(self, pin_id: str) -> PinTrace:
        """Every row of a pin, tombstones too, and whether a search finds it now; an unknown pin has no rows.

        Rows are read at Strong. Rows of vanished objects are looked for in the first 16 slots only.
        """
        rows = self._pins.read_stored({pin_id: range(SLOTS_READ_AT_ONCE)}, consistency="Strong")[pin_id]
        whole = rows.get(WHOLE_SLOT)
        if whole is not None and whole.object_count >= SLOTS_READ_AT_ONCE:
            rows = self._pins.read_stored({pin_id: range(whole.object_count + 1)}, consistency="Strong")[pin_id]
        found = False
        if whole is not None:
            where = Where(slots="whole", pins=frozenset({pin_id}))
            (ranking,) = self._store.nearest([whole.code], where=where, at_least=1, consistency=self._consistency)
            found = bool(ranking.matches)
        in_order = tuple(row for _, row in sorted(rows.items()))
        return PinTrace(pin_id=pin_id, rows=in_order, found=found, asked_at_ms=self._clock_ms())

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncVisualIndex:
    """A VisualIndex for event loops: the same calls as coroutines, each in a thread."""

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
        """Close the connection."""
        await asyncio.to_thread(self._index.close)


def _raise_if_unknown(answer: R | PinUnknown) -> R:
    if isinstance(answer, PinUnknown):
        raise answer
    return answer


def _pin(rows: Rows, now_ms: int) -> IndexedPin:
    objects = (row for slot, row in rows.items() if slot != WHOLE_SLOT and row.alive)
    return IndexedPin.of(rows[WHOLE_SLOT], objects, now_ms=now_ms)


def _in_thread(call: Callable[P, R]) -> Callable[P, Coroutine[None, None, R]]:
    async def call_in_thread(*args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(call, *args, **kwargs)

    return call_in_thread
