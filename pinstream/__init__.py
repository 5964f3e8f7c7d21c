"""A picture saved seconds ago, already found: publish pins, search what was indexed, with their freshness measured.

Nothing heavy is imported until its name is asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pinstream.asking import ANY_LABEL, CodeQuery, Filters, Freshness, Rerank
    from pinstream.delivery import Delivered, Delivery
    from pinstream.errors import (
        EventInvalid,
        IndexMismatch,
        IndexRefused,
        IndexUnavailable,
        NotDelivered,
        ObjectUnknown,
        PinDeleted,
        PinstreamError,
        PinUnknown,
        QueryInvalid,
        VectorIndexError,
    )
    from pinstream.events import PinDeletion, PinEvent, PinOutcome, event_from
    from pinstream.hits import Hit, IndexedPin, PinObject, SearchResult
    from pinstream.publish import Publisher
    from pinstream.search import AsyncVisualIndex, VisualIndex

_HOMES: Final = {
    "ANY_LABEL": "asking",
    "AsyncVisualIndex": "search",
    "CodeQuery": "asking",
    "Delivered": "delivery",
    "Delivery": "delivery",
    "EventInvalid": "errors",
    "Filters": "asking",
    "Freshness": "asking",
    "Hit": "hits",
    "IndexMismatch": "errors",
    "IndexRefused": "errors",
    "IndexUnavailable": "errors",
    "IndexedPin": "hits",
    "NotDelivered": "errors",
    "ObjectUnknown": "errors",
    "PinDeleted": "errors",
    "PinDeletion": "events",
    "PinEvent": "events",
    "PinObject": "hits",
    "PinOutcome": "events",
    "PinUnknown": "errors",
    "PinstreamError": "errors",
    "Publisher": "publish",
    "QueryInvalid": "errors",
    "Rerank": "asking",
    "SearchResult": "hits",
    "VectorIndexError": "errors",
    "VisualIndex": "search",
    "event_from": "events",
}

__all__ = [
    "ANY_LABEL",
    "AsyncVisualIndex",
    "CodeQuery",
    "Delivered",
    "Delivery",
    "EventInvalid",
    "Filters",
    "Freshness",
    "Hit",
    "IndexMismatch",
    "IndexRefused",
    "IndexUnavailable",
    "IndexedPin",
    "NotDelivered",
    "ObjectUnknown",
    "PinDeleted",
    "PinDeletion",
    "PinEvent",
    "PinObject",
    "PinOutcome",
    "PinUnknown",
    "PinstreamError",
    "Publisher",
    "QueryInvalid",
    "Rerank",
    "SearchResult",
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
