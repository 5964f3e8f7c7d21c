"""The exact vector index in memory: Milvus is compared with it, and users' own tests search it."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pinstream.store.codes import Code, as_code, hamming
from pinstream.store.collection import Row, Where
from pinstream.store.collection_schema import to_columns
from pinstream.store.vector_store import Consistency, Match, Ranking, check_limit


class MemoryStore:
    """A VectorStore in this process, not persistent; a search compares the code with every row."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._lock = threading.Lock()

    def upsert(self, rows: Sequence[Row]) -> None:
        for row in rows:
            to_columns(row)
        with self._lock:
            self._rows |= {row.key: row for row in rows}

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> Mapping[str, Row]:
        with self._lock:
            return {key: self._rows[key] for key in keys if key in self._rows}

    def nearest(
        self, codes: Sequence[Code], *, where: Where, at_least: int, consistency: Consistency = "Bounded"
    ) -> list[Ranking]:
        check_limit(at_least)
        accepted = [row for row in self._snapshot() if where.accepts(row)]
        return [_nearest(as_code(code), accepted, at_least) for code in codes]

    def scan(self, where: Where, *, limit: int, consistency: Consistency = "Bounded") -> list[Row]:
        check_limit(limit)
        return [row for row in self._snapshot() if where.accepts(row)][:limit]

    def rows(self, *, batch_size: int = 1000, after: str = "") -> Iterator[Row]:
        yield from sorted((row for row in self._snapshot() if row.key > after), key=lambda row: row.key)

    def count_between(self, first: str, last: str) -> int:
        return sum(first <= row.key <= last for row in self._snapshot())

    def delete(self, keys: Sequence[str]) -> None:
        with self._lock:
            for key in keys:
                self._rows.pop(key, None)

    def close(self) -> None:
        """Does nothing: the rows stay."""

    def _snapshot(self) -> list[Row]:
        with self._lock:
            return list(self._rows.values())


def _nearest(code: Code, rows: Sequence[Row], at_least: int) -> Ranking:
    ranked = sorted((hamming(code, row.code), row.key, row) for row in rows)
    if len(ranked) > at_least:
        farthest = ranked[at_least - 1][0]
        ranked = [each for each in ranked if each[0] <= farthest]
    matches = [Match(replace(row, code=b""), distance) for distance, _, row in ranked]
    return Ranking(matches, exhausted=len(matches) == len(rows))
