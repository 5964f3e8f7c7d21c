"""What Milvus and pymilvus raise becomes one of three errors, by what the caller must do; none is forgotten."""

import ast
import inspect
import socket
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

import grpc
import pytest
from pymilvus import MilvusClient, MilvusException
from pymilvus import exceptions as raised

from deploy.local.stack import LocalStack, StackOptions
from pinstream.errors import IndexMismatch, IndexRefused, IndexUnavailable, VectorIndexError
from pinstream.store import milvus
from pinstream.store.codes import CODE_BYTES
from pinstream.store.collection import Row
from pinstream.store.collection_schema import Shape
from pinstream.store.milvus import MilvusStore, certain_ranking
from pinstream.store.milvus_errors import translate
from pinstream.store.vector_store import MAX_LIMIT, Match
from tests.congruence.operations import Operations

Status = grpc.StatusCode

BY_STATUS = {
    IndexUnavailable: {
        Status.OK,  # no error has it; an error that says so is not understood, and waiting loses nothing
        Status.CANCELLED,
        Status.UNKNOWN,
        Status.DEADLINE_EXCEEDED,
        Status.RESOURCE_EXHAUSTED,
        Status.ABORTED,
        Status.INTERNAL,
        Status.UNAVAILABLE,
        Status.DATA_LOSS,
    },
    IndexRefused: {
        Status.INVALID_ARGUMENT,
        Status.ALREADY_EXISTS,
        Status.FAILED_PRECONDITION,
        Status.OUT_OF_RANGE,
        Status.UNIMPLEMENTED,
    },
    IndexMismatch: {Status.NOT_FOUND, Status.PERMISSION_DENIED, Status.UNAUTHENTICATED},
}

# pkg/util/merr/errors.go of Milvus 2.3 to 2.6, as far as a client can meet it.
BY_CODE = {
    IndexUnavailable: {
        1: "service not ready",
        2: "service unavailable",
        3: "memory limit exceeded",
        4: "too many concurrent requests",
        5: "service internal error",
        7: "disk limit exceeded",
        8: "rate limit exceeded",
        9: "quota exceeded",
        11: "time tick long delay",
        101: "collection not loaded",
        103: "collection not fully loaded",
        106: "collection on recovering",
        401: "replica not available",
        503: "channel not available",
        601: "segment not loaded",
        901: "node offline",
        1001: "IO failed",
        65535: "proxy is not healthy",
    },
    IndexRefused: {
        1100: "invalid parameter",
        1101: "missing parameter",
        1102: "parameter too large",
        1600: "alias not found",
        1602: "alias already exist",
        1700: "field not found",
        2000: "segcore error",
        65535: "cannot parse expression: bad bad",
    },
    IndexMismatch: {
        100: "collection not found",
        105: "illegal collection schema",
        109: "collection schema mismatch",
        700: "index not found",
        800: "database not found",
        1400: "not authenticated",
        1401: "privilege not permitted",
    },
}

# Raised by pymilvus itself, before or after the server was asked.
BY_CLASS = {
    IndexUnavailable: {
        "MilvusException",
        "ConnectError",
        "ConnectionNotExistException",
        "DescribeCollectionException",
        "MilvusUnavailableException",
    },
    IndexRefused: {
        "CannotInferSchemaException",
        "DataNotMatchException",
        "DataTypeNotMatchException",
        "InvalidConsistencyLevel",
        "ParamError",
        "PartitionAlreadyExistException",
    },
    IndexMismatch: {
        "AmbiguousIndexName",
        "AutoIDException",
        "ClusteringKeyException",
        "CollectionNotExistException",
        "ConnectionConfigException",
        "DataTypeNotSupportException",
        "FieldTypeException",
        "FieldsTypeException",
        "FunctionsTypeException",
        "IndexNotExistException",
        "PartitionKeyException",
        "PrimaryKeyException",
        "SchemaMismatchRetryableException",
        "SchemaNotReadyException",
        "ServerVersionIncompatibleException",
    },
}


class RpcEnded(grpc.RpcError, grpc.Call):
    """An RPC that ended with a status, as gRPC raises it."""

    def __init__(self, status: grpc.StatusCode) -> None:
        self._status = status

    def code(self) -> grpc.StatusCode:
        return self._status

    def details(self) -> str:
        return "why"

    initial_metadata = trailing_metadata = is_active = time_remaining = cancel = lambda *_: None
    add_callback = lambda *_: None  # noqa: E731


WHERE = "pins_v1 at http://milvus:19530"


def wrong(translations: Iterable[tuple[object, type[VectorIndexError], Exception]]) -> list[object]:
    """The cases whose translation is another error than expected, or does not say where."""
    failures = []
    for case, error, raised_by_milvus in translations:
        assert isinstance(raised_by_milvus, MilvusException | grpc.RpcError)
        translated = translate(raised_by_milvus, name=WHERE)
        if type(translated) is not error or WHERE not in str(translated):
            failures.append(case)
    return failures


def test_every_status_of_grpc_has_its_error() -> None:
    cases = [(error, status) for error, group in BY_STATUS.items() for status in group]

    assert not wrong((status, error, RpcEnded(status)) for error, status in cases)
    assert not wrong((status, error, MilvusException(status, "Retry timeout")) for error, status in cases)


def test_no_status_of_grpc_is_forgotten() -> None:
    assert set().union(*BY_STATUS.values()) == set(grpc.StatusCode)


def test_every_code_of_milvus_has_its_error() -> None:
    cases = [(code, error, text) for error, group in BY_CODE.items() for code, text in group.items()]

    assert not wrong((case, case[1], MilvusException(case[0], case[2])) for case in cases)
    assert "invalid parameter" in str(translate(MilvusException(1100, "invalid parameter"), name=WHERE))


def test_every_exception_of_pymilvus_has_its_error() -> None:
    cases = [(name, error) for error, group in BY_CLASS.items() for name in group]

    assert not wrong((name, error, getattr(raised, name)(message="why")) for name, error in cases)


def test_no_exception_of_pymilvus_is_forgotten() -> None:
    known = {name for name, found in vars(raised).items() if inspect.isclass(found) and issubclass(found, Exception)}

    assert set().union(*BY_CLASS.values()) == known


def test_an_unknown_code_is_retryable() -> None:
    assert type(translate(MilvusException(123_456, "new in 4.0"), name="")) is IndexUnavailable


def test_every_call_to_the_server_has_a_timeout() -> None:
    local = {"create_schema", "prepare_index_params", "close"}  # and these ask no server
    public = {name for name in dir(MilvusClient) if not name.startswith("_")} - local
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(milvus))) if isinstance(node, ast.Call)]
    asking = [
        call
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in public
        and ast.unparse(call.func.value) in ("client", "self._client()")
    ]

    assert len(asking) > 8
    assert not [ast.unparse(call) for call in asking if "timeout" not in {keyword.arg for keyword in call.keywords}]


def test_an_address_without_a_server_is_unavailable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        store = MilvusStore(f"http://127.0.0.1:{closed.getsockname()[1]}", timeout_s=2)

        with pytest.raises(IndexUnavailable, match=r"127\.0\.0\.1"):
            store.count_between("", "~")


def test_credentials_in_the_address_are_not_shown() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        store = MilvusStore(f"http://root:secret@127.0.0.1:{closed.getsockname()[1]}", timeout_s=2)

        with pytest.raises(IndexUnavailable, match=r"//\*\*\*@127") as failed:
            store.count_between("", "~")

    assert "secret" not in str(failed.value) + store.uri


def test_a_server_that_never_answers_costs_the_timeout_and_no_more() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        store = MilvusStore(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.2)

        with pytest.raises(IndexUnavailable):
            store.get(["pin#0"])


def test_an_invalid_address_is_fatal() -> None:
    with pytest.raises(IndexMismatch, match="ftp://milvus is illegal"):
        MilvusStore("ftp://milvus").count_between("", "~")


def matches(*distances: int) -> list[Match]:
    row = Operations(0).upsert().rows[0]
    return [Match(row, distance) for distance in distances]


def test_the_last_tie_of_a_full_answer_is_uncertain() -> None:
    ranking = certain_ranking(matches(1, 2, 3, 3), limit=4)

    assert [match.distance for match in ranking.matches] == [1, 2]
    assert not ranking.exhausted


def test_a_short_answer_is_everything() -> None:
    assert certain_ranking(matches(1, 3, 3), limit=4).exhausted


def test_at_the_servers_limit_a_tie_is_cut() -> None:
    ranking = certain_ranking(matches(*[0] * MAX_LIMIT), limit=MAX_LIMIT)

    assert len(ranking.matches) == MAX_LIMIT
    assert not ranking.exhausted


def test_a_closed_store_can_be_closed_again() -> None:
    store = MilvusStore("http://127.0.0.1:1")

    store.close()
    store.close()


@pytest.mark.stack
def test_a_server_that_dies_and_comes_back_needs_no_new_store(tmp_path: Path) -> None:
    options = StackOptions(root=tmp_path, kafka="none", triton="none", milvus="lite")
    with LocalStack(options) as running, closing(MilvusStore(running.endpoints.milvus, timeout_s=5)) as store:
        store.create(Shape())
        running.kill("milvus")
        with pytest.raises(IndexUnavailable):
            store.count_between("", "~")

        running.start("milvus")
        deadline_s = time.monotonic() + 20
        while time.monotonic() < deadline_s:
            with suppress(IndexUnavailable):
                store.upsert([Row(pin_id="pin", slot=0, alive=True, code=bytes(CODE_BYTES), version=1)])
                break

        assert store.count_between("", "~") == 1
