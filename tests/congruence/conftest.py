"""The three vector indexes under test, each empty at the start of every test."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from pinstream.store.collection_schema import Shape
from pinstream.store.memory import MemoryStore
from pinstream.store.milvus import MilvusStore
from pinstream.store.vector_store import VectorStore

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

EMBEDDING_VERSION = 9_000


@pytest.fixture(scope="session")
def lite_store(lite_milvus: "LocalStack") -> Iterator[VectorStore]:
    """A collection in Milvus Lite."""
    with closing(_created(lite_milvus)) as store:
        yield store


@pytest.fixture(scope="session")
def standalone_store(standalone_milvus: "LocalStack") -> Iterator[VectorStore]:
    """A collection in the standalone server."""
    with closing(_created(standalone_milvus)) as store:
        yield store


@pytest.fixture(
    params=[
        "memory",
        pytest.param("lite", marks=pytest.mark.stack),
        pytest.param("standalone", marks=pytest.mark.standalone),
    ]
)
def store(request: pytest.FixtureRequest) -> VectorStore:
    """An empty index of each kind."""
    if request.param == "memory":
        return MemoryStore()
    filled: VectorStore = request.getfixturevalue(f"{request.param}_store")
    filled.delete([row.key for row in filled.rows()])
    return filled


def _created(running: "LocalStack") -> MilvusStore:
    store = MilvusStore(running.endpoints.milvus, embedding_version=EMBEDDING_VERSION, timeout_s=20)
    store.create(Shape())
    return store
