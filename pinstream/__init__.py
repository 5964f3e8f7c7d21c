"""A picture saved seconds ago, already found: publish pins, search what was indexed, with their freshness measured.

Nothing heavy is imported until its name is asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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
    from pinstream.events import PinDeletion, PinEvent, PinOutcome, event_from
    from pinstream.http.client import AsyncPinstreamClient, PinstreamClient
    from pinstream.http.responses import Flashlight, Lens, LensObject, LensPhoto
    from pinstream.kafka.delivery import Delivered, Delivery
    from pinstream.publish import Publisher
    from pinstream.search.hits import Hit, IndexedPin, PinObject, SearchResult
    from pinstream.search.index import AsyncVisualIndex, VisualIndex
    from pinstream.search.query import ANY_LABEL, CodeQuery, Filters, Freshness, Rerank

_HOMES: Final = {
    "ANY_LABEL": "search.query",
    "AsyncPinstreamClient": "http.client",
    "AsyncVisualIndex": "search.index",
    "CodeQuery": "search.query",
    "Delivered": "kafka.delivery",
    "Delivery": "kafka.delivery",
    "EventInvalid": "errors",
    "Filters": "search.query",
    "Flashlight": "http.responses",
    "Freshness": "search.query",
    "Hit": "search.hits",
    "IndexEmpty": "errors",
    "IndexMismatch": "errors",
    "IndexRefused": "errors",
    "IndexUnavailable": "errors",
    "IndexedPin": "search.hits",
    "Lens": "http.responses",
    "NotDelivered": "errors",
    "ObjectUnknown": "errors",
    "PictureGone": "errors",
    "PinDead": "errors",
    "PinDeleted": "errors",
    "PinDeletion": "events",
    "PinEvent": "events",
    "PinNotIndexedYet": "errors",
    "PinObject": "search.hits",
    "PinOutcome": "events",
    "PinUnknown": "errors",
    "PinstreamClient": "http.client",
    "PinstreamError": "errors",
    "Publisher": "publish",
    "QueryInvalid": "errors",
    "Rerank": "search.query",
    "SearchResult": "search.hits",
    "LensObject": "http.responses",
    "ServiceError": "errors",
    "ServiceRefused": "errors",
    "ServiceUnavailable": "errors",
    "LensPhoto": "http.responses",
    "VectorIndexError": "errors",
    "VisualIndex": "search.index",
    "event_from": "events",
}

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
    """The public name, imported now."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pinstream' has no attribute {name!r}")
    return getattr(importlib.import_module(f"pinstream.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
