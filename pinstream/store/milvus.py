"""The vector index on Milvus: the only module, with `pinstream.store.milvus_errors`, that knows pymilvus.

It keeps to what Milvus Lite 2.5, the standalone server 2.3 and today's releases have in common. The traps it is
written around: a call without a timeout retries for minutes; one key twice in an upsert keeps both rows; Lite
cannot return codes from a search, nor parse ``in []``; which rows of a tie pass the limit is left to chance;
pymilvus pings every 10 s, which servers answer by closing the connection.
"""

import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pymilvus import DataType, MilvusClient, MilvusException

from pinstream.store.codes import Code
from pinstream.store.collection import EMBEDDING_VERSION, Row, Where, collection_name, quoted
from pinstream.store.columns import (
    RETURNED_BY_READS,
    RETURNED_BY_SEARCH,
    Column,
    Shape,
    from_columns,
    from_hit,
    to_columns,
)
from pinstream.store.milvus_errors import ALIAS_NOT_FOUND, translate_errors
from pinstream.store.vector_store import MAX_LIMIT, Consistency, Match, Ranking, check_limit
from pinstream.tls import Tls

TIMEOUT_S: Final = 5.0
CREATE_TIMEOUT_S: Final = 60.0
KEYS_PER_CALL: Final = 1_000
TIE_MARGIN: Final = 8
_CHANNEL: Final = {
    "grpc.keepalive_permit_without_calls": 0,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,  # gRPC's own 120 s would outlast an outage by two minutes
}


class MilvusStore:
    """A VectorStore in the Milvus collection of one embedding version.

    Connects at the first call, over one channel that all threads share; create it after a fork.
    ``uri`` is ``http(s)://host:port[/database]``, or a file ending in ``.db`` for Milvus Lite inside this process;
    ``tls`` says whom to trust behind ``https``. Raises ValueError for a client's certificate without an authority.
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
        self.uri = re.sub(r"//[^/@]*@", "//***@", uri)
        """As it may be shown: without credentials."""
        self._uri = uri
        self.embedding_version = embedding_version
        self.collection = collection_name(embedding_version)
        self._name = f"{self.collection} at {self.uri}"
        self._token = token or ""
        self._timeout_s = timeout_s
        self._tls = _tls_arguments(tls or Tls())
        self._lock = threading.Lock()
        self._connected: MilvusClient | None = None

    def upsert(self, rows: Sequence[Row]) -> None:
        """See VectorStore; one call, so that readers see all rows or none."""
        latest = {row.key: row for row in rows}
        if not latest:
            return
        stored = [to_columns(row) for row in latest.values()]
        with translate_errors(self._name):
            self._client().upsert(self.collection, stored, timeout=self._timeout_s)

    def get(self, keys: Sequence[str], *, consistency: Consistency = "Strong") -> Mapping[str, Row]:
        """See VectorStore."""
        found: dict[str, Row] = {}
        for chunk in _chunks(list(dict.fromkeys(keys))):
            rows = self._query(f"key in {quoted(chunk)}", limit=len(chunk), consistency=consistency)
            found |= {row.key: row for row in rows}
        return found

    def nearest(
        self, codes: Sequence[Code], *, where: Where, limit: int, consistency: Consistency = "Bounded"
    ) -> list[list[Match]]:
        """See VectorStore; one call for all codes, and another for those with more equals at the limit than fit."""
        check_limit(limit)
        rankings = self._rankings(codes, where, limit, consistency)
        return [ranking.matches[:limit] for ranking in rankings]

    def nearest_with_ties(
        self, codes: Sequence[Code], *, where: Where, at_least: int, consistency: Consistency = "Bounded"
    ) -> list[Ranking]:
        """See VectorStore; calls as ``nearest``."""
        check_limit(at_least)
        return self._rankings(codes, where, at_least, consistency)

    def scan(self, where: Where, *, limit: int, consistency: Consistency = "Bounded") -> list[Row]:
        """See VectorStore."""
        check_limit(limit)
        if where.accepts_nothing:
            return []
        return self._query(where.expression(), limit=limit, consistency=consistency)

    def rows(self, *, batch_size: int = 1000, after: str = "") -> Iterator[Row]:
        """See VectorStore; by key, each page at Strong, so a row written meanwhile is met once or not at all.

        pymilvus' own iterator ignores the consistency level: it may end before what was written last.
        """
        last = after
        while page := self._query(f"key > {_literal(last)}", limit=batch_size, consistency="Strong"):
            page.sort(key=lambda row: row.key)
            yield from page
            last = page[-1].key

    def count_between(self, first: str, last: str) -> int:
        """See VectorStore; only counting shows copies: a query returns one row of a key, and not always the newest."""
        return self._count(f"key >= {_literal(first)} and key <= {_literal(last)}")

    def delete(self, keys: Sequence[str]) -> None:
        """See VectorStore."""
        for chunk in _chunks(list(dict.fromkeys(keys))):
            with translate_errors(self._name):
                self._client().delete(self.collection, ids=chunk, timeout=self._timeout_s)

    def count(self, where: Where) -> int:
        """See VectorStore."""
        return 0 if where.accepts_nothing else self._count(where.expression())

    def _count(self, expression: str) -> int:
        with translate_errors(self._name):
            answer = self._client().query(
                self.collection,
                filter=expression,
                output_fields=["count(*)"],
                timeout=self._timeout_s,
                consistency_level="Strong",
            )
        return int(answer[0]["count(*)"])

    def close(self) -> None:
        """See VectorStore."""
        with self._lock:
            client, self._connected = self._connected, None
        if client is not None:
            client.close()

    def shape(self) -> Shape | None:
        """What the collection on the server is made of; None if there is none."""
        client = self._client()
        with translate_errors(self._name):
            if not client.has_collection(self.collection, timeout=self._timeout_s):
                return None
            described = client.describe_collection(self.collection, timeout=self._timeout_s)
            indexes = client.list_indexes(self.collection, field_name="code", timeout=self._timeout_s)
            index = client.describe_index(self.collection, indexes[0], timeout=self._timeout_s) if indexes else {}
        return Shape(
            columns=tuple(_column(field) for field in described["fields"]),
            index=str(index.get("index_type", "none")),
            metric=str(index.get("metric_type", "none")),
            shards=described.get("num_shards") or None,
        )

    def create(self, shape: Shape) -> None:
        """Create the collection, index it and load it, whichever of the three is missing. Blocks for seconds."""
        client = self._client()
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        for column in shape.columns:
            schema.add_field(column.name, getattr(DataType, column.type), **_parameters(column))
        indexes = client.prepare_index_params()
        indexes.add_index("code", index_type=shape.index, metric_type=shape.metric)
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
                return
            if not client.list_indexes(self.collection, field_name="code", timeout=self._timeout_s):
                client.create_index(self.collection, indexes, timeout=CREATE_TIMEOUT_S)
            client.load_collection(self.collection, timeout=CREATE_TIMEOUT_S)

    def alias_target(self, alias: str) -> str | None:
        """The collection that ``alias`` points to; raises IndexRefused where the server has no aliases (Lite)."""
        client = self._client()
        with translate_errors(self._name):
            try:
                return str(client.describe_alias(alias, timeout=self._timeout_s)["collection_name"])
            except MilvusException as exc:
                if exc.code == ALIAS_NOT_FOUND:
                    return None
                raise

    def create_alias(self, alias: str) -> None:
        """Let ``alias`` point to this collection."""
        client = self._client()
        with translate_errors(self._name):
            client.create_alias(self.collection, alias, timeout=self._timeout_s)

    def _client(self) -> MilvusClient:
        with self._lock:
            if self._connected is None:
                logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
                with translate_errors(self._name):
                    self._connected = MilvusClient(
                        self._uri,
                        token=self._token,
                        timeout=self._timeout_s,
                        dedicated=True,
                        grpc_options=dict(_CHANNEL),
                        **self._tls,
                    )
            return self._connected

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

    def _rankings(self, codes: Sequence[Code], where: Where, at_least: int, consistency: Consistency) -> list[Ranking]:
        """Searches, wider and wider, until no tie at the end of what is wanted may have been cut."""
        rankings = [Ranking([], exhausted=True) for _ in codes]
        unsettled = [] if where.accepts_nothing else list(range(len(codes)))
        width = min(at_least + TIE_MARGIN, MAX_LIMIT)
        while unsettled:
            found = self._search([codes[i] for i in unsettled], where.expression(), width, consistency)
            for i, matches in zip(unsettled, found, strict=True):
                rankings[i] = certain_ranking(matches, asked=width)
            unsettled = [i for i in unsettled if not rankings[i].exhausted and len(rankings[i].matches) < at_least]
            width = min(width * 4, MAX_LIMIT)
        return rankings


def _tls_arguments(tls: Tls) -> dict[str, str]:
    """What pymilvus calls them; it shows a client's certificate only together with an authority of its own."""
    name = {"server_name": tls.server_name} if tls.server_name else {}
    if tls.cert_file is not None and tls.ca_file is None:
        raise ValueError("pymilvus shows a client's certificate only where the authority is named too: give its file")
    if tls.cert_file is not None:
        files = {"ca_pem_path": tls.ca_file, "client_pem_path": tls.cert_file, "client_key_path": tls.key_file}
    else:
        files = {} if tls.ca_file is None else {"server_pem_path": tls.ca_file}
    return {key: str(path) for key, path in files.items()} | name


def _rank(match: Match) -> tuple[int, str]:
    return match.distance, match.row.key


def certain_ranking(matches: list[Match], *, asked: int) -> Ranking:
    """What is certain of ``matches``: of their last tie some may be missing, unless fewer came than were asked for.

    At Milvus' own limit there is no asking for more, and a tie has to be cut.
    """
    if len(matches) < asked:
        return Ranking(matches, exhausted=True)
    whole_ties = [match for match in matches if match.distance < matches[-1].distance]
    return Ranking(matches if asked == MAX_LIMIT else whole_ties, exhausted=False)


def _literal(text: str) -> str:
    return quoted([text])[1:-1]


def _chunks(keys: list[str]) -> Iterator[list[str]]:
    return (keys[i : i + KEYS_PER_CALL] for i in range(0, len(keys), KEYS_PER_CALL))


def _row(stored: Mapping[str, Any]) -> Row:
    return from_columns({**stored, "code": bytes(stored["code"][0])})


def _parameters(column: Column) -> dict[str, Any]:
    parameters = {"is_primary": column.primary or None, "dim": column.bits, "max_length": column.max_bytes}
    return {name: value for name, value in parameters.items() if value is not None}


def _column(described: Mapping[str, Any]) -> Column:
    parameters = described.get("params", {})
    return Column(
        name=described["name"],
        type=DataType(described["type"]).name,
        max_bytes=parameters.get("max_length"),
        bits=parameters.get("dim"),
        primary=bool(described.get("is_primary")),
    )
