"""Searching what was indexed, straight from Milvus: no HTTP hop for services that hold a VisualIndex."""

import asyncio
import math
import time
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import replace
from enum import Enum
from typing import Final, ParamSpec, Self, TypeVar, get_args

from pinstream.codes import Code, checked
from pinstream.collection import EMBEDDING_VERSION, MAX_SLOT, WHOLE_SLOT, Row, Slots, Where, row_key
from pinstream.errors import EventInvalid, ObjectUnknown, PinDeleted, PinUnknown, QueryInvalid
from pinstream.events import Domain, checked_pin_id
from pinstream.hits import IndexedPin, Pictures, PinTrace, SearchResult
from pinstream.store import Consistency, VectorStore

MAX_HITS: Final = 1_000
DEFAULT_HITS: Final = 20
_SLOTS_READ_AT_ONCE: Final = 16
_OVER_FETCH: Final = 2


class Gate(Enum):
    """Which labels ``similar`` may answer with, where the caller names none."""

    SAME_LABEL = "same label"


SAME_LABEL: Final = Gate.SAME_LABEL
Names = str | Collection[str]
P = ParamSpec("P")
R = TypeVar("R")


def wall_clock_ms() -> int:
    """Milliseconds since the epoch, as records and rows carry them."""
    return time.time_ns() // 1_000_000


class VisualIndex:
    """Related pins, similar objects and search by code. Calls block and are thread-safe.

    All searches take ``limit`` (1 to 1,000), ``domain`` and ``label`` (one or several; None is any) and ``max_age_s``
    (since publication). They raise QueryInvalid (the message says what is allowed), PinUnknown, PinDeleted,
    ObjectUnknown, and the store's IndexUnavailable (try again) and IndexMismatch.
    At the default consistency an answer may lack what was written in the last 0.2 s; Strong waits for it.
    """

    def __init__(
        self,
        uri: str,
        *,
        token: str | None = None,
        embedding_version: int = EMBEDDING_VERSION,
        timeout_s: float = 5.0,
        consistency: Consistency = "Bounded",
    ) -> None:
        try:
            from pinstream.milvus import MilvusStore  # noqa: PLC0415  (an optional extra, and slow to import)
        except ImportError as exc:
            raise ImportError("searching Milvus needs the extra: pip install 'pinstream[search]'") from exc
        self._store: VectorStore = MilvusStore(
            uri, token=token, embedding_version=embedding_version, timeout_s=timeout_s
        )
        self._consistency: Consistency = consistency
        self._clock_ms = wall_clock_ms

    @classmethod
    def over(
        cls, store: VectorStore, *, clock_ms: Callable[[], int] = wall_clock_ms, consistency: Consistency = "Bounded"
    ) -> Self:
        """An index over ``store``: a MemoryStore in tests, or a MilvusStore that is there already."""
        index = cls.__new__(cls)
        index._store, index._clock_ms, index._consistency = store, clock_ms, consistency
        return index

    def get(self, pin_id: str) -> IndexedPin:
        """The pin and its objects, as they are in the index."""
        rows = self._rows(pin_id, range(_SLOTS_READ_AT_ONCE))
        count = rows[WHOLE_SLOT].object_count
        if count >= _SLOTS_READ_AT_ONCE:
            rows = self._rows(pin_id, range(count + 1))
        objects = (row for slot, row in rows.items() if slot != WHOLE_SLOT and row.alive)
        return IndexedPin.of(rows[WHOLE_SLOT], objects, now_ms=self._clock_ms())

    def related(
        self,
        pin_id: str,
        *,
        limit: int = DEFAULT_HITS,
        domain: Names | None = None,
        label: Names | None = None,
        max_age_s: float | None = None,
    ) -> SearchResult:
        """Whole pictures like this pin's, its near-duplicates first; ``label``: what a picture mainly shows."""
        where = self._where("whole", limit, domain=domain, label=label, max_age_s=max_age_s)
        whole = self._rows(pin_id, [WHOLE_SLOT])[WHOLE_SLOT]
        return self._search(whole.code, where, limit, but=frozenset({pin_id}))

    def similar(
        self,
        pin_id: str,
        slot: int,
        *,
        limit: int = DEFAULT_HITS,
        domain: Names | None = None,
        label: Names | Gate | None = SAME_LABEL,
        max_age_s: float | None = None,
    ) -> SearchResult:
        """Objects like the one in ``slot`` (1..n), of its label unless ``label`` names others; None is any."""
        named = None if isinstance(label, Gate) else label
        where = self._where("objects", limit, domain=domain, label=named, max_age_s=max_age_s)
        if not 1 <= slot <= MAX_SLOT:
            raise QueryInvalid(f"slot = {slot}: objects are 1 to {MAX_SLOT}; for the whole picture use related()")
        rows = self._rows(pin_id, [WHOLE_SLOT, slot])
        thing = rows.get(slot)
        if thing is None or not thing.alive:
            count = rows[WHOLE_SLOT].object_count
            raise ObjectUnknown(f"pin {pin_id!r} has no object {slot}: there are {count}")
        if isinstance(label, Gate):
            where = replace(where, labels=frozenset({thing.label}))
        return self._search(thing.code, where, limit, but=frozenset({pin_id}))

    def by_code(
        self,
        code: Code,
        *,
        slots: Slots = "any",
        limit: int = DEFAULT_HITS,
        domain: Names | None = None,
        label: Names | None = None,
        max_age_s: float | None = None,
    ) -> SearchResult:
        """What is nearest to ``code`` ((32,) bytes): whole pictures, objects, or any of the two."""
        where = self._where(slots, limit, domain=domain, label=label, max_age_s=max_age_s)
        try:
            return self._search(checked(code), where, limit)
        except ValueError as exc:
            raise QueryInvalid(f"code: {exc}") from exc

    def trace(self, pin_id: str) -> PinTrace:
        """Every row of a pin, dead ones too, and whether a search finds it; of an unknown pin there are none.

        Rows are read at Strong. Vanished objects are looked for in the first slots only.
        """
        rows = self._read(pin_id, range(_SLOTS_READ_AT_ONCE), consistency="Strong")
        whole = rows.get(WHOLE_SLOT)
        if whole is not None and whole.object_count >= _SLOTS_READ_AT_ONCE:
            rows = self._read(pin_id, range(whole.object_count + 1), consistency="Strong")
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

    def _rows(self, pin_id: str, slots: Iterable[int]) -> dict[int, Row]:
        """The pin's rows in ``slots``, of one version, slot 0 alive for sure; raises PinUnknown or PinDeleted.

        A pin that is not there is looked for again at Strong: it may have been indexed, or replaced, just now.
        """
        asked = list(slots)
        rows = self._read(pin_id, asked, consistency=self._consistency)
        if WHOLE_SLOT not in rows:
            rows = self._read(pin_id, asked, consistency="Strong")
        whole = rows.get(WHOLE_SLOT)
        if whole is None:
            raise PinUnknown(f"pin {pin_id!r} is not in the index: never published, not indexed yet, or dead")
        if not whole.alive:
            raise PinDeleted(f"pin {pin_id!r} was deleted (version {whole.version})")
        return {slot: row for slot, row in rows.items() if row.version == whole.version}

    def _read(self, pin_id: str, slots: Iterable[int], *, consistency: Consistency) -> dict[int, Row]:
        try:
            checked_pin_id(pin_id)
        except EventInvalid as exc:
            raise QueryInvalid(f"pin_id = {pin_id!r:.80}: 1 to 64 of A-Z a-z 0-9 _ - are allowed") from exc
        found = self._store.get([row_key(pin_id, slot) for slot in slots], consistency=consistency)
        return {row.slot: row for row in found.values()}

    def _where(
        self, slots: Slots, limit: int, *, domain: Names | None, label: Names | None, max_age_s: float | None
    ) -> Where:
        if not 1 <= limit <= MAX_HITS:
            raise QueryInvalid(f"limit = {limit}: 1 to {MAX_HITS} are allowed")
        if slots not in get_args(Slots):
            raise QueryInvalid(f"slots = {slots!r}: {', '.join(get_args(Slots))} are allowed")
        if max_age_s is not None and not 0 <= max_age_s < math.inf:
            raise QueryInvalid(f"max_age_s = {max_age_s}: seconds, 0 and up, are allowed")
        domains = _names("domain", domain)
        wrong = sorted((domains or frozenset()) - set(get_args(Domain)))
        if wrong:
            raise QueryInvalid(f"domain = {wrong[0]!r}: {', '.join(get_args(Domain))} are allowed")
        since_ms = None if max_age_s is None else max(self._clock_ms() - round(max_age_s * 1000), 0)
        return Where(slots=slots, domains=domains, labels=_names("label", label), published_since_ms=since_ms)

    def _search(self, code: Code, where: Where, limit: int, *, but: frozenset[str] = frozenset()) -> SearchResult:
        """Rounds of over-fetching, each leaving out the pictures found before, until ``limit`` pictures are there.

        The first round gets the pins of ``but`` too, and drops them here: comparing texts costs Milvus more.
        """
        found, at_least = Pictures(but=but), limit + limit // 8 + _OVER_FETCH
        while True:
            ranking = self._store.ranked(code, where=where, at_least=at_least, consistency=self._consistency)
            found.add(ranking.matches)
            if ranking.exhausted or len(found) >= limit:
                hits = found.hits(limit, now_ms=self._clock_ms())
                return SearchResult(hits, exhausted=ranking.exhausted and len(found) == len(hits))
            where = replace(where, not_image_sha256s=found.image_sha256s(), not_pins=but | found.unnamed_pins())


class AsyncVisualIndex:
    """A VisualIndex for services: the same calls as coroutines, each in a thread."""

    def __init__(self, index: VisualIndex) -> None:
        self._index = index
        self.get = _in_thread(index.get)
        self.related = _in_thread(index.related)
        self.similar = _in_thread(index.similar)
        self.by_code = _in_thread(index.by_code)

    async def close(self) -> None:
        """Let go of the connection."""
        await asyncio.to_thread(self._index.close)


def _in_thread(call: Callable[P, R]) -> Callable[P, Coroutine[None, None, R]]:
    async def threaded(*args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.to_thread(call, *args, **kwargs)

    return threaded


def _names(what: str, given: Names | None) -> frozenset[str] | None:
    if given is None:
        return None
    names = frozenset({given} if isinstance(given, str) else given)
    if not names or not all(names):
        raise QueryInvalid(f"{what} = {given!r:.80}: give at least one name, or None for any")
    if odd := sorted(name for name in names if not name.isprintable()):
        raise QueryInvalid(f"{what} = {odd[0]!r:.80}: printable characters are allowed")
    return names
