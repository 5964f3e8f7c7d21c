"""Translates what Milvus and pymilvus raise into `pinstream.errors`, by what the caller must do.

::

    VectorIndexError
    ├── IndexUnavailable  retryable: whatever is not listed here; waiting loses no pin
    ├── IndexRefused      invalid: a parameter, field, alias or expression that Milvus never accepts
    └── IndexMismatch     fatal: collection, schema, database or credentials are wrong
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import grpc
from pymilvus import MilvusException
from pymilvus import exceptions as raised

from pinstream.errors import IndexMismatch, IndexRefused, IndexUnavailable, VectorIndexError
from pinstream.tls import is_tls_error

# By gRPC status.
_FATAL_STATUS: Final = frozenset(
    {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}
)
_REFUSED_STATUS: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)

# By Milvus' own codes (pkg/util/merr): collection, schema and database missing or wrong, credentials.
_FATAL_CODES: Final = frozenset({100, 105, 109, 700, 702, 800, 801, 802, 1400, 1401})
# Invalid, missing or oversized parameters, aliases and fields; expressions that the core cannot run.
_REFUSED_CODES: Final = frozenset({1100, 1101, 1102, 1600, 1601, 1602, 1700, 1701, 2000, 2001})
_COLLECTION_NOT_FOUND: Final = 100
ALIAS_NOT_FOUND: Final = 1600
_UNAUTHENTICATED: Final = 1400
_CONNECT_FAILED: Final = 2
# Servers before 2.4 answer many errors with this code; only the text says which.
_UNEXPECTED_CODE: Final = 65535
_REFUSED_PHRASES: Final = ("cannot parse expression", "is invalid", "should divide the dim", "invalid parameter")

# Raised by pymilvus without asking the server.
_FATAL_CLASSES: Final = (
    raised.AutoIDException,
    raised.ClusteringKeyException,
    raised.CollectionNotExistException,
    raised.ConnectionConfigException,
    raised.DataTypeNotSupportException,
    raised.FieldTypeException,
    raised.FieldsTypeException,
    raised.FunctionsTypeException,
    raised.IndexNotExistException,
    raised.AmbiguousIndexName,
    raised.PartitionKeyException,
    raised.PrimaryKeyException,
    raised.SchemaMismatchRetryableException,
    raised.SchemaNotReadyException,
    raised.ServerVersionIncompatibleException,
)
_REFUSED_CLASSES: Final = (
    raised.CannotInferSchemaException,
    raised.DataNotMatchException,
    raised.DataTypeNotMatchException,
    raised.InvalidConsistencyLevel,
    raised.ParamError,
    raised.PartitionAlreadyExistException,
)


def translate(exc: MilvusException | grpc.RpcError, *, name: str) -> VectorIndexError:
    """The error of this package that ``exc`` stands for; ``name`` says which collection at which address."""
    status, text = _status(exc)
    message = f"Milvus ({name}): {text}"
    if status == _COLLECTION_NOT_FOUND:
        message += "; `python -m index init` creates it"
    if status in (grpc.StatusCode.UNAUTHENTICATED, _UNAUTHENTICATED):
        message += "; look at the token (PINSTREAM_MILVUS__TOKEN, --token)"
    if is_tls_error(text):
        message += "; look at the certificates (PINSTREAM_MILVUS__CA_FILE, __SERVER_NAME, __CERT_FILE)"
    if isinstance(exc, _FATAL_CLASSES) or status in _FATAL_STATUS or status in _FATAL_CODES:
        return IndexMismatch(message)
    if isinstance(exc, _REFUSED_CLASSES) or status in _REFUSED_STATUS or status in _REFUSED_CODES:
        return IndexRefused(message)
    if status == _UNEXPECTED_CODE and any(phrase in text for phrase in _REFUSED_PHRASES):
        return IndexRefused(message)
    return IndexUnavailable(message)


@contextmanager
def translate_errors(name: str) -> Iterator[None]:
    """Raise what Milvus or its client raises inside as an error of this package."""
    try:
        yield
    except (MilvusException, grpc.RpcError) as exc:
        raise translate(exc, name=name) from exc


def _status(exc: MilvusException | grpc.RpcError) -> tuple[int | grpc.StatusCode, str]:
    """A gRPC status or a Milvus code (pymilvus puts either into ``code``), and the message."""
    if isinstance(exc, MilvusException) and exc.code == _CONNECT_FAILED and isinstance(exc.__cause__, grpc.RpcError):
        return _status(exc.__cause__)  # the cause: a wrong token looks like a server that is down
    if isinstance(exc, grpc.Call):
        return exc.code(), f"{exc.code().name}: {exc.details()}"
    if isinstance(exc, MilvusException):
        return exc.code, str(exc.message)
    return grpc.StatusCode.UNKNOWN, str(exc)
