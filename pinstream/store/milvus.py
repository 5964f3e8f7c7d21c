"""The vector index on Milvus. Only the modules ``milvus*`` of this package know pymilvus.

It uses what Milvus Lite 2.5, the standalone server 2.3 and today's releases have in common, and avoids their traps:
a call without a timeout retries for minutes; a key that is twice in an upsert keeps both rows; Lite cannot return
codes from a search, nor parse ``in []``; and if the limit cuts a tie, it is random which of its rows are returned.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pymilvus import MilvusClient, MilvusException

from pinstream.store.codes import Code
from pinstream.store.collection import EMBEDDING_VERSION, Row, Where, collection_name, list_literal, literal
from pinstream.store.collection_schema import (
    RETURNED_BY_READS,
    RETURNED_BY_SEARCH,
    Shape,
    from_columns,
    from_hit,
    to_columns,
)
from pinstream.store.milvus_connection import MilvusConnection
from pinstream.store.milvus_errors import ALIAS_NOT_FOUND, translate_errors
from pinstream.store.milvus_fields import collection_schema, index_params, parse_shape
from pinstream.store.vector_store import MAX_LIMIT, Consistency, Match, Ranking, check_limit
from pinstream.tls import Tls

TIMEOUT_S: Final = 5.0
CREATE_TIMEOUT_S: Final = 60.0
KEYS_PER_CALL: Final = 1_000
TIE_MARGIN: Final = 8
"""Rows asked for beyond ``at_least``, so that a short tie at its end is complete in the first call."""


class MilvusStore:
    """A VectorStore in the Milvus collection of one embedding version.

    ``uri`` is ``http(s)://host:port[/database]``, or a file ending in ``.db`` for Milvus Lite inside this process;
    ``tls`` names the certificates for ``https``. Connects at the first call; create it after a fork.
    """

    def __init__(
        self,
        uri: str,
        *,
        token: str | None = None,
        embedding_version: int = EMBEDDING_VERSION,
        timeout_s: float = TIMEOUT_S,
        tls: Tls | None = None,
    ) -> None:
        self.embedding_version = embedding_version
        self.collection = collection_name(embedding_version)
        self._connection = MilvusConnection(uri, token=token, timeout_s=timeout_s, tls=tls)
        self.uri = self._connection.masked_uri
        """The address without credentials."""
        self._name = f"{self.collection} at {self.uri}"
        self._timeout_s = timeout_s

    def upsert(self, rows: Sequence[Row]) -> None:
        # One call for all rows: readers see all of them or none. One key twice in a call would keep both rows.
        latest = {row.key: row for row in rows}
        if not latest:
            return
        stored = [to_columns(row) for row in latest.values()]
        with translate_errors(self._name):
            self._client().upsert(self.collection, stored, timeout=self._timeout_s)

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> Mapping[str, Row]:
        found: dict[str, Row] = {}
        for chunk in _chunks(list(dict.fromkeys(keys))):
            rows = self._query(f"key in {list_literal(chunk)}", limit=len(chunk), consistency=consistency)
            found |= {row.key: row for row in rows}
        return found

    def nearest(
        self, codes: Sequence[Code], *, where: Where, at_least: int, consistency: Consistency = "Bounded"
    ) -> list[Ranking]:
        # One call for all codes, then calls with larger limits for the codes whose last tie may have been cut.
        check_limit(at_least)
        rankings = [Ranking([], exhausted=True) for _ in codes]
        too_short = [] if where.accepts_nothing else list(range(len(codes)))
        limit = min(at_least + TIE_MARGIN, MAX_LIMIT)
        while too_short:
            found = self._search([codes[i] for i in too_short], where.expression(), limit, consistency)
            for i, matches in zip(too_short, found, strict=True):
                rankings[i] = certain_ranking(matches, limit=limit)
            too_short = [i for i in too_short if not rankings[i].exhausted and len(rankings[i].matches) < at_least]
            limit = min(limit * 4, MAX_LIMIT)
        return rankings

    def scan(self, where: Where, *, limit: int, consistency: Consistency = "Bounded") -> list[Row]:
        check_limit(limit)
        if where.accepts_nothing:
            return []
        return self._query(where.expression(), limit=limit, consistency=consistency)

    def rows(self, *, batch_size: int = 1000, after: str = "") -> Iterator[Row]:
        # Not pymilvus' own iterator: it ignores the consistency level and may end before what was written last. Pages
        # are read by key, each at Strong, so a row that is written meanwhile comes once or not at all.
        last = after
        while page := self._query(f"key > {literal(last)}", limit=batch_size, consistency="Strong"):
            page.sort(key=lambda row: row.key)
            yield from page
            last = page[-1].key

    def count_between(self, first: str, last: str) -> int:
        # Only a count shows copies of a key: a query returns one of them, and not always the newest.
        with translate_errors(self._name):
            found = self._client().query(
                self.collection,
                filter=f"key >= {literal(first)} and key <= {literal(last)}",
                output_fields=["count(*)"],
                timeout=self._timeout_s,
                consistency_level="Strong",
            )
        return int(found[0]["count(*)"])

    def delete(self, keys: Sequence[str]) -> None:
        for chunk in _chunks(list(dict.fromkeys(keys))):
            with translate_errors(self._name):
                self._client().delete(self.collection, ids=chunk, timeout=self._timeout_s)

    def close(self) -> None:
        self._connection.close()

    def shape(self) -> Shape | None:
        """The columns and the index of the collection on the server; None if there is no collection."""
        client = self._client()
        with translate_errors(self._name):
            if not client.has_collection(self.collection, timeout=self._timeout_s):
                return None
            described = client.describe_collection(self.collection, timeout=self._timeout_s)
            indexes = client.list_indexes(self.collection, field_name="code", timeout=self._timeout_s)
            index = client.describe_index(self.collection, indexes[0], timeout=self._timeout_s) if indexes else {}
        return parse_shape(described, index)

    def create(self, shape: Shape) -> None:
        """Create the collection, index it and load it, whichever of the three is missing. Blocks for seconds."""
        client = self._client()
        schema, indexes = collection_schema(shape), index_params(shape)
        with translate_errors(self._name):
            if not client.has_collection(self.collection, timeout=self._timeout_s):
                client.create_collection(
                    self.collection,
                    schema=schema,
                    index_params=indexes,
                    consistency_level="Bounded",
                    num_shards=shape.shards or 1,
                    timeout=CREATE_TIMEOUT_S,
                )
                return  # given index parameters, pymilvus also creates the index and loads the collection
            if not client.list_indexes(self.collection, field_name="code", timeout=self._timeout_s):
                client.create_index(self.collection, indexes, timeout=CREATE_TIMEOUT_S)
            client.load_collection(self.collection, timeout=CREATE_TIMEOUT_S)

    def alias_target(self, alias: str) -> str | None:
        """The collection that ``alias`` points to, if any; raises IndexRefused where there are no aliases (Lite)."""
        client = self._client()
        with translate_errors(self._name):
            try:
                return str(client.describe_alias(alias, timeout=self._timeout_s)["collection_name"])
            except MilvusException as exc:
                if exc.code == ALIAS_NOT_FOUND:
                    return None
                raise

    def create_alias(self, alias: str) -> None:
        """Point ``alias`` to this collection."""
        client = self._client()
        with translate_errors(self._name):
            client.create_alias(self.collection, alias, timeout=self._timeout_s)

    def _client(self) -> MilvusClient:
        with translate_errors(self._name):
            return self._connection.client()

    def _query(self, expression: str, *, limit: int, consistency: Consistency) -> list[Row]:
        with translate_errors(self._name):
            found = self._client().query(
                self.collection,
                filter=expression,
                output_fields=list(RETURNED_BY_READS),
                limit=limit,
                timeout=self._timeout_s,
                consistency_level=consistency,
            )
        return [_row(stored) for stored in found]

    def _search(
        self, codes: Sequence[Code], expression: str, limit: int, consistency: Consistency
    ) -> list[list[Match]]:
        with translate_errors(self._name):
            answers = self._client().search(
                self.collection,
                list(codes),
                filter=expression,
                limit=limit,
                output_fields=list(RETURNED_BY_SEARCH),
                timeout=self._timeout_s,
                consistency_level=consistency,
            )
        return [
            sorted((Match(from_hit(hit["id"], hit["entity"]), int(hit["distance"])) for hit in hits), key=_rank)
            for hits in answers
        ]


def _rank(match: Match) -> tuple[int, str]:
    return match.distance, match.row.key


def certain_ranking(matches: list[Match], *, limit: int) -> Ranking:
    """The matches without their last tie, since Milvus may have cut it; all of them if there are fewer than ``limit``.

    At Milvus' own limit no more rows can be asked for, so there a tie that may be cut is kept.
    """
    if len(matches) < limit:
        return Ranking(matches, exhausted=True)
    whole_ties = [match for match in matches if match.distance < matches[-1].distance]
    return Ranking(matches if limit == MAX_LIMIT else whole_ties, exhausted=False)


def _chunks(keys: list[str]) -> Iterator[list[str]]:
    return (keys[i : i + KEYS_PER_CALL] for i in range(0, len(keys), KEYS_PER_CALL))


def _row(stored: Mapping[str, Any]) -> Row:
    return from_columns({**stored, "code": bytes(stored["code"][0])})
