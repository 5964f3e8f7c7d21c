"""Publish pins to Kafka, and search the pins that were indexed.

Nothing heavy is imported until one of its names is used.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

from pinstream.errors import (
    EventInvalid,
    IndexEmpty,
    IndexMismatch,
    IndexRefused,
    IndexUnavailable,
    NotDelivered,
    ObjectUnknown,
    PictureGone,
    PinDead,
    PinDeleted,
    PinNotIndexedYet,
    PinstreamError,
    PinUnknown,
    QueryInvalid,
    ServiceError,
    ServiceRefused,
    ServiceUnavailable,
    VectorIndexError,
)

if TYPE_CHECKING:
    from pinstream.events import PinDeletion, PinEvent, PinOutcome, event_from
    from pinstream.http.client import AsyncPinstreamClient, PinstreamClient
    from pinstream.http.responses import Flashlight, Lens, LensObject, LensPhoto
    from pinstream.kafka.publishing.delivery import Delivered, Delivery
    from pinstream.publish import Publisher
    from pinstream.search.hits import Hit, IndexedPin, PinObject, SearchResult
    from pinstream.search.index import AsyncVisualIndex, VisualIndex
    from pinstream.search.query import ANY_LABEL, CodeQuery, Filters, Freshness, Rerank

_NAMES: Final = {
    "events": "PinDeletion PinEvent PinOutcome event_from",
    "http.client": "AsyncPinstreamClient PinstreamClient",
    "http.responses": "Flashlight Lens LensObject LensPhoto",
    "kafka.publishing.delivery": "Delivered Delivery",
    "publish": "Publisher",
    "search.hits": "Hit IndexedPin PinObject SearchResult",
    "search.index": "AsyncVisualIndex VisualIndex",
    "search.query": "ANY_LABEL CodeQuery Filters Freshness Rerank",
}
"""Public names that are imported when they are used, by their modules."""
_MODULES: Final = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [
    "ANY_LABEL",
    "AsyncPinstreamClient",
    "AsyncVisualIndex",
    "CodeQuery",
    "Delivered",
    "Delivery",
    "EventInvalid",
    "Filters",
    "Flashlight",
    "Freshness",
    "Hit",
    "IndexEmpty",
    "IndexMismatch",
    "IndexRefused",
    "IndexUnavailable",
    "IndexedPin",
    "Lens",
    "LensObject",
    "LensPhoto",
    "NotDelivered",
    "ObjectUnknown",
    "PictureGone",
    "PinDead",
    "PinDeleted",
    "PinDeletion",
    "PinEvent",
    "PinNotIndexedYet",
    "PinObject",
    "PinOutcome",
    "PinUnknown",
    "PinstreamClient",
    "PinstreamError",
    "Publisher",
    "QueryInvalid",
    "Rerank",
    "SearchResult",
    "ServiceError",
    "ServiceRefused",
    "ServiceUnavailable",
    "VectorIndexError",
    "VisualIndex",
    "event_from",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'pinstream' has no attribute {name!r}")
    return getattr(importlib.import_module(f"pinstream.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
