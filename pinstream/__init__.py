"""A picture saved seconds ago, already found: publish pins, search what was indexed, with their freshness measured.

Nothing heavy is imported until its name is asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pinstream.delivery import Delivered, Delivery
    from pinstream.errors import (
        EventInvalid,
        NotDelivered,
        PinstreamError,
    )
    from pinstream.events import PinDeletion, PinEvent, PinOutcome, event_from
    from pinstream.publish import Publisher

_HOMES: Final = {
    "Delivered": "delivery",
    "Delivery": "delivery",
    "EventInvalid": "errors",
    "NotDelivered": "errors",
    "PinDeletion": "events",
    "PinEvent": "events",
    "PinOutcome": "events",
    "PinstreamError": "errors",
    "Publisher": "publish",
    "event_from": "events",
}

__all__ = [
    "Delivered",
    "Delivery",
    "EventInvalid",
    "NotDelivered",
    "PinDeletion",
    "PinEvent",
    "PinOutcome",
    "PinstreamError",
    "Publisher",
    "event_from",
]


def __getattr__(name: str) -> Any:
    """The public name, imported now."""
    if name not in _HOMES:
        raise AttributeError(f"module 'pinstream' has no attribute {name!r}")
    return getattr(importlib.import_module(f"pinstream.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
