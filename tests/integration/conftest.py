"""What the proofs share: the collection on the stack's Milvus Lite, and what the models say of the palette."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.integration.drive import Palette, learn

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack
    from pinstream.store.milvus import MilvusStore


@pytest.fixture(scope="session")
def store(stack: "LocalStack") -> "Iterator[MilvusStore]":
    """The collection, made ready."""
    from index import bootstrap
    from pinstream.store.milvus import MilvusStore

    opened = MilvusStore(stack.endpoints.milvus)
    bootstrap.init(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def palette(stack: "LocalStack", store: "MilvusStore", tmp_path_factory: pytest.TempPathFactory) -> Palette:
    """The rows that each picture of the decks must leave."""
    return learn(stack.endpoints, store, tmp_path_factory.mktemp("palette"))


@pytest.fixture
def alone(lite_milvus: "LocalStack") -> "Iterator[MilvusStore]":
    """A collection that nobody else writes to: what is in no topic is an orphan."""
    from index import bootstrap
    from pinstream.store.milvus import MilvusStore

    with closing(MilvusStore(lite_milvus.endpoints.milvus, timeout_s=20)) as store:
        bootstrap.init(store)
        store.delete([row.key for row in store.rows()])
        yield store
        store.delete([row.key for row in store.rows()])
