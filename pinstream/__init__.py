"""A picture saved seconds ago, already found: publish pins, search what was indexed, with their freshness measured.

Nothing heavy is imported until its name is asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pinstream.answers import Flashlight, Lens, SeenObject, Understood
    from pinstream.asking import ANY_LABEL, CodeQuery, Filters, Freshness, Rerank
    from pinstream.client import AsyncPinstreamClient, PinstreamClient
    from pinstream.delivery import Delivered, Delivery
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
    from pinstream.hits import Hit, IndexedPin, PinObject, SearchResult
    from pinstream.publish import Publisher
    from pinstream.search import AsyncVisualIndex, VisualIndex

_HOMES: Final = {
    "ANY_LABEL": "asking",
    "AsyncPinstreamClient": "client",
    "AsyncVisualIndex": "search",
    "CodeQuery": "asking",
    "Delivered": "delivery",
    "Delivery": "delivery",
    "EventInvalid": "errors",
    "Filters": "asking",
    "Flashlight": "answers",
    "Freshness": "asking",
    "Hit": "hits",
    "IndexEmpty": "errors",
    "IndexMismatch": "errors",
    "IndexRefused": "errors",
    "IndexUnavailable": "errors",
    "IndexedPin": "hits",
    "Lens": "answers",
    "NotDelivered": "errors",
    "ObjectUnknown": "errors",
    "PictureGone": "errors",
    "PinDead": "errors",
    "PinDeleted": "errors",
    "PinDeletion": "events",
    "PinEvent": "events",
    "PinNotIndexedYet": "errors",
    "PinObject": "hits",
    "PinOutcome": "events",
    "PinUnknown": "errors",
    "PinstreamClient": "client",
    "PinstreamError": "errors",
    "Publisher": "publish",
    "QueryInvalid": "errors",
    "Rerank": "asking",
    "SearchResult": "hits",
    "SeenObject": "answers",
    "ServiceError": "errors",
    "ServiceRefused": "errors",
    "ServiceUnavailable": "errors",
    "Understood": "answers",
    "VectorIndexError": "errors",
    "VisualIndex": "search",
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
    "SeenObject",
    "ServiceError",
    "ServiceRefused",
    "ServiceUnavailable",
    "Understood",
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
