"""The interface of a vector store; `MilvusStore` and `MemoryStore` implement it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from pinstream.errors import QueryInvalid
from pinstream.store.codes import Code
from pinstream.store.collection import Row, Where

MAX_LIMIT: Final = 16_384
"""Milvus' own limit on the rows of one answer."""

Consistency = Literal["Strong", "Bounded"]
"""Milvus' levels. Strong returns every acknowledged write and may wait for it; Bounded may miss the last 0.2 s."""


@dataclass(frozen=True, slots=True)
class Match:
    """One row a search returned, and its Hamming distance to the query, 0..256.

    ``row.code`` is empty, since Milvus Lite cannot return codes from a search; ``get`` and ``scan`` return them.
    """

    row: Row
    distance: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """The nearest rows, sorted by (distance, key). It holds every row at the distance of the last one."""

    matches: list[Match]
    exhausted: bool
    """Whether these are all the rows that the filter accepts."""


class VectorStore(Protocol):
    """Rows by key and by distance. Every call blocks, has a deadline, is thread-safe and safe to repeat.

    All raise IndexUnavailable (retryable; a write may have happened), IndexRefused (invalid: never succeeds) or
    IndexMismatch (fatal).
    """

    def upsert(self, rows: Sequence[Row]) -> None:
        """Write ``rows`` in one step: searches see the old rows or the new ones.

        Milvus Lite deletes before it inserts, so for a moment a search finds neither. Of rows with equal keys the
        last one wins. An empty sequence does nothing.
        """
        ...

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> Mapping[str, Row]:
        """Rows by primary key, tombstones too; keys that do not exist are left out.

        At Bounded a pin may be read while it is being replaced, as by ``scan``.
        """
        ...

    def nearest(
        self, codes: Sequence[Code], *, where: Where, at_least: int, consistency: Consistency = "Bounded"
    ) -> list[Ranking]:
        """For each code its ``at_least`` nearest accepted rows or more, so that the last tie is complete.

        ``at_least`` is from 1 to 16,384; a tie that reaches beyond 16,384 rows is cut all the same, and which of its
        rows come back is undefined.
        """
        ...

    def scan(self, where: Where, *, limit: int, consistency: Consistency = "Bounded") -> list[Row]:
        """Up to ``limit`` accepted rows, in no particular order.

        At Bounded a pin may be read while it is being replaced: some slots old, some new, some missing.
        """
        ...

    def rows(self, *, batch_size: int = 1000, after: str = "") -> Iterator[Row]:
        """Every row whose key is greater than ``after``, tombstones too, by key, in bounded memory.

        Of a key that is stored twice only one of the rows is returned; `count_between` counts both.
        """
        ...

    def count_between(self, first: str, last: str) -> int:
        """How many rows have keys from ``first`` to ``last``, tombstones and copies included; counted at Strong."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove rows for good, for sweeps; a deleted pin is not removed but gets a tombstone."""
        ...

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        ...


def check_limit(limit: int) -> None:
    """Raise QueryInvalid unless ``limit`` is from 1 to 16,384."""
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryInvalid(f"limit = {limit}: from 1 to {MAX_LIMIT} are allowed")
