"""The collection schema as pymilvus' field definitions, and back."""

from collections.abc import Mapping
from typing import Any

from pymilvus import CollectionSchema, DataType, MilvusClient
from pymilvus.milvus_client import IndexParams

from pinstream.store.collection_schema import Column, Shape


def collection_schema(shape: Shape) -> CollectionSchema:
    """The columns as the schema that a collection is created with."""
    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    for column in shape.columns:
        parameters = {"is_primary": column.primary or None, "dim": column.bits, "max_length": column.max_bytes}
        given = {name: value for name, value in parameters.items() if value is not None}
        schema.add_field(column.name, getattr(DataType, column.type), **given)
    return schema


def index_params(shape: Shape) -> IndexParams:
    """The index on the codes."""
    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("code", index_type=shape.index, metric_type=shape.metric)
    return indexes


def parse_shape(collection: Mapping[str, Any], index: Mapping[str, Any]) -> Shape:
    """The shape that a server describes: the answers of ``describe_collection`` and ``describe_index``."""
    return Shape(
        columns=tuple(_parse_column(field) for field in collection["fields"]),
        index=str(index.get("index_type", "none")),
        metric=str(index.get("metric_type", "none")),
        shards=collection.get("num_shards") or None,
    )


def _parse_column(field: Mapping[str, Any]) -> Column:
    parameters = field.get("params", {})
    return Column(
        name=field["name"],
        type=DataType(field["type"]).name,
        max_bytes=parameters.get("max_length"),
        bits=parameters.get("dim"),
        primary=bool(field.get("is_primary")),
    )
