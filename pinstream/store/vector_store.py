"""What pinstream asks of a vector index: five operations, kept by Milvus and by the exact index in memory alike."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from pinstream.errors import QueryInvalid
from pinstream.store.codes import Code
from pinstream.store.collection import Row, Where

MAX_LIMIT: Final = 16_384
"""Milvus' own limit on the rows of one answer."""

Consistency = Literal["Strong", "Bounded"]
"""Strong sees every acknowledged write and may wait for it; Bounded answers at once, up to a tick behind."""


@dataclass(frozen=True, slots=True)
class Match:
    """One row a search returned, and its Hamming distance to the query, 0..256.

    ``row.code`` is empty: no search carries codes back (Milvus Lite cannot); ``get`` and ``scan`` do.
    """

    row: Row
    distance: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """The nearest rows, by (distance, key), with every row that is as near as the last one."""

    matches: list[Match]
    exhausted: bool
    """Whether these are all the rows that the filter accepts."""


class VectorStore(Protocol):
    """Rows by key and by nearness. Every call blocks, has a deadline, is thread-safe and safe to repeat.

    All raise IndexUnavailable (retryable; a write may have happened), IndexRefused (never will)
    or IndexMismatch (stop).
    """

    def upsert(self, rows: Sequence[Row]) -> None:
        """Write ``rows`` at once: searches see all of them or none (Milvus Lite: or, for a moment, nothing at all).

        Of rows with equal keys the last one wins. An empty sequence does nothing.
        """
        ...

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> Mapping[str, Row]:
        """Rows by primary key, dead ones too; keys that are not there are left out. At Bounded, as ``scan``."""
        ...

    def nearest(
        self, codes: Sequence[Code], *, where: Where, limit: int, consistency: Consistency = "Bounded"
    ) -> list[list[Match]]:
        """For each code its ``limit`` nearest accepted rows, by (distance, key); ``limit`` from 1 to 16,384.

        Of rows at equal distance the smaller keys come first and win the last places.
        Beyond 16,384 rows at one distance, which of them come back is not defined.
        """
        ...

    def nearest_with_ties(
        self, codes: Sequence[Code], *, where: Where, at_least: int, consistency: Consistency = "Bounded"
    ) -> list[Ranking]:
        """For each code at least so many accepted rows, if there are, and the rest of the last one's tie: none is cut.

        ``at_least`` from 1 to 16,384; a tie that reaches beyond 16,384 rows is cut all the same.
        """
        ...

    def scan(self, where: Where, *, limit: int, consistency: Consistency = "Bounded") -> list[Row]:
        """Up to ``limit`` accepted rows, in no particular order.

        At Bounded it may meet a pin in mid-replacement: of its slots some old, some new, some missing.
        """
        ...

    def rows(self, *, batch_size: int = 1000, after: str = "") -> Iterator[Row]:
        """Every row whose key is beyond ``after``, dead ones too, by key, in bounded memory; for audits and sweeps.

        Of a key that is there twice one row comes, any of the two: `count_between` tells.
        """
        ...

    def count_between(self, first: str, last: str) -> int:
        """How many rows have keys from ``first`` to ``last``, dead ones too, at Strong; copies of a key all count."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove rows for good, tombstones too; the sweeper's verb, never a pin's deletion."""
        ...

    def count(self, where: Where) -> int:
        """How many rows are accepted, counted at Strong."""
        ...

    def close(self) -> None:
        """Let go of the connection; safe to call twice."""
        ...


def check_limit(limit: int) -> int:
    """``limit`` itself; raises QueryInvalid unless it is from 1 to 16,384."""
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryInvalid(f"limit = {limit}: from 1 to {MAX_LIMIT} are allowed")
    return limit
