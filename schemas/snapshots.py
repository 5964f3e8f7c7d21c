"""Writes the contract documents from the code, which is the truth."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from pinstream.events import PinEvent, PinOutcome
from pinstream.store.codes import CODE_BITS
from pinstream.store.collection import ALIAS, EMBEDDING_VERSION, WHOLE_SLOT, collection_name
from pinstream.store.collection_schema import COLUMNS, SHOWN, Shape
from schemas.asyncapi import EVENT_SCHEMA, OUTCOME_SCHEMA, asyncapi

FOLDER: Final = Path(__file__).parent

Document = dict[str, Any]


def snapshots() -> Mapping[str, Document]:
    """Every document, by file name."""
    return {
        EVENT_SCHEMA: _json_schema(PinEvent, "urn:pinstream:pin-event:v1"),
        OUTCOME_SCHEMA: _json_schema(PinOutcome, "urn:pinstream:pin-outcome:v1"),
        "asyncapi.json": asyncapi(),
        "collection.json": _collection(),
    }


def to_json(document: Document) -> str:
    """The text of a document's file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def outdated(folder: Path = FOLDER) -> list[str]:
    """Names of the files in ``folder`` that differ from the code, or are missing."""
    return [
        name
        for name, document in snapshots().items()
        if not (folder / name).exists() or (folder / name).read_text() != to_json(document)
    ]


def write(folder: Path = FOLDER) -> list[str]:
    """Write the outdated files; returns their names."""
    names = outdated(folder)
    documents = snapshots()
    for name in names:
        (folder / name).write_text(to_json(documents[name]))
    return names


def _json_schema(model: type[BaseModel], identifier: str) -> Document:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": identifier,
        **model.model_json_schema(),
    }


def _collection() -> Document:
    shape = Shape()
    return {
        "collection": collection_name(),
        "alias": ALIAS,
        "embedding_version": EMBEDDING_VERSION,
        "key": f"<pin_id>#<slot>; slot {WHOLE_SLOT} is the whole picture, 1..n are its objects",
        "index": {"field": "code", "type": shape.index, "metric": shape.metric},
        "shards": shape.shards,
        "code": {"bits": CODE_BITS, "bit_order": "most significant first, as numpy.packbits"},
        "fields": [{name: value for name, value in asdict(column).items() if value} for column in COLUMNS],
        "shown": list(SHOWN),
    }
