"""The collection is created once, never dropped, and every difference is named."""

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pymilvus import MilvusClient

from index import bootstrap
from index.bootstrap import WANTED, differences
from pinstream.errors import IndexMismatch, IndexRefused
from pinstream.store.collection import ALIAS, Row, Where
from pinstream.store.collection_schema import Column, Shape
from pinstream.store.milvus import MilvusStore

if TYPE_CHECKING:
    from deploy.local.stack import LocalStack

OTHER = Shape(
    columns=(
        *(replace(column, max_bytes=10) if column.name == "label" else column for column in WANTED.columns[:-1]),
        Column(name="colour", type="VARCHAR", max_bytes=20),
    )
)


def test_an_equal_shape_has_no_differences() -> None:
    assert not list(differences(WANTED, WANTED))


def test_a_server_that_does_not_say_its_shards_is_accepted() -> None:
    assert not list(differences(replace(WANTED, shards=None), WANTED))


def test_every_difference_is_a_sentence() -> None:
    found = replace(OTHER, index="BIN_IVF_FLAT", metric="JACCARD", shards=2)

    assert list(differences(found, WANTED)) == [
        "field shown is missing",
        "field colour is not expected",
        "field label: max_bytes is 10, not 256",
        "index is BIN_IVF_FLAT, not BIN_FLAT",
        "metric is JACCARD, not HAMMING",
        "shards is 2, not 1",
    ]


@pytest.fixture(
    params=[
        pytest.param("lite_milvus", marks=pytest.mark.stack),
        pytest.param("standalone_milvus", marks=pytest.mark.standalone),
    ]
)
def milvus(request: pytest.FixtureRequest) -> "LocalStack":
    """Each real server."""
    running: LocalStack = request.getfixturevalue(request.param)
    return running


def drop(store: MilvusStore) -> None:
    with closing(store), closing(MilvusClient(store.uri)) as client:
        with suppress(IndexRefused):  # Lite has no aliases
            if store.alias_target(ALIAS) == store.collection:
                client.drop_alias(ALIAS)
        client.drop_collection(store.collection)


@pytest.fixture
def store(milvus: "LocalStack") -> Iterator[MilvusStore]:
    """A collection that does not exist yet."""
    created = MilvusStore(milvus.endpoints.milvus, embedding_version=8_000, timeout_s=20)
    yield created
    drop(created)


def test_the_collection_is_created_once_and_keeps_its_rows(store: MilvusStore) -> None:
    with pytest.raises(IndexMismatch, match="python -m index init"):
        bootstrap.require(store)

    planned = bootstrap.init(store, dry_run=True)
    assert store.shape() is None
    created = bootstrap.init(store)
    store.upsert([Row(pin_id="a", slot=0, alive=True, code=bytes(32), version=1)])
    repeated = bootstrap.init(store)

    assert [report.notes[0] for report in (planned, created, repeated)] == [
        "collection pins_v8000 is missing and would be created",
        "collection pins_v8000 created",
        "collection pins_v8000 exists",
    ]
    bootstrap.require(store)
    assert store.count_between("", "~") == 1


def test_a_collection_that_differs_is_reported_and_left_alone(store: MilvusStore) -> None:
    store.create(OTHER)

    report = bootstrap.init(store)

    assert report.differences == tuple(differences(OTHER, WANTED))
    with pytest.raises(IndexMismatch, match="does not fit: field shown is missing; field colour is not expected"):
        bootstrap.require(store)


def test_a_collection_whose_creation_was_interrupted_is_completed(store: MilvusStore) -> None:
    store.create(WANTED)
    with closing(MilvusClient(store.uri)) as client:
        client.release_collection(store.collection)
        client.drop_index(store.collection, "code")

    report = bootstrap.init(store)

    assert report.differences == ()
    store.upsert([Row(pin_id="a", slot=0, alive=True, code=bytes(32), version=1)])
    (found,) = store.nearest([bytes(32)], where=Where(), at_least=1, consistency="Strong")
    assert [match.row.pin_id for match in found.matches] == ["a"]


@pytest.mark.standalone
def test_the_alias_is_created_and_never_moved(standalone_milvus: "LocalStack") -> None:
    uri = standalone_milvus.endpoints.milvus
    first, second = (MilvusStore(uri, embedding_version=version, timeout_s=20) for version in (8_001, 8_002))

    notes = [bootstrap.init(store).notes[1] for store in (first, second)]

    assert notes == ["alias pins now points to pins_v8001", "alias pins points to pins_v8001"]
    for store in (first, second):
        drop(store)
