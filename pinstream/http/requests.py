"""The HTTP contract without a network: each call as a value that says what to send and how to read the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pinstream.errors import QueryInvalid
from pinstream.http.parse import Json, json_reader, parse_flashlight, parse_lens, parse_pin, parse_pins, parse_result
from pinstream.http.responses import Flashlight, Lens
from pinstream.search.hits import IndexedPin, SearchResult
from pinstream.search.options import check_pin_id, parse_names
from pinstream.search.query import ANY_LABEL, DEFAULT_HITS, NO_FILTERS, Filters, Freshness, Names
from pinstream.store.collection import Box

Answer = TypeVar("Answer")
Params = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Answer]):
    """One request, and how its answer is read."""

    path: str
    read: Callable[[bytes], Answer]
    params: Mapping[str, str | list[str]]
    json: Json | None = None
    photo: bytes | None = None

    @property
    def method(self) -> str:
        """GET, unless there is a body to send."""
        return "GET" if self.json is None and self.photo is None else "POST"


def get(pin_id: str) -> Call[IndexedPin]:
    """The pin and its objects, as they are in the index."""
    return Call(path=_pin_path(pin_id), params={}, read=json_reader(parse_pin))


def newest(*, limit: int = DEFAULT_HITS) -> Call[tuple[IndexedPin, ...]]:
    """The pins that were published last, the newest first."""
    return Call(path="/v1/fresh", params={"limit": str(limit)}, read=json_reader(parse_pins))


def related(
    pin_id: str,
    *,
    limit: int = DEFAULT_HITS,
    filters: Filters = NO_FILTERS,
    order: Freshness | None = None,
    cursor: str | None = None,
) -> Call[SearchResult]:
    """Whole pictures like this pin's, its near-duplicates first."""
    params = _params(limit, filters, order, cursor)
    return Call(path=f"{_pin_path(pin_id)}/related", params=params, read=json_reader(parse_result))


def similar(
    pin_id: str,
    slot: int,
    *,
    limit: int = DEFAULT_HITS,
    filters: Filters = NO_FILTERS,
    order: Freshness | None = None,
    cursor: str | None = None,
) -> Call[SearchResult]:
    """Objects like the one in ``slot`` (1..n), of its label unless ``filters`` name others or ANY_LABEL."""
    params = _params(limit, filters, order, cursor)
    return Call(path=f"{_pin_path(pin_id)}/objects/{slot:d}/similar", params=params, read=json_reader(parse_result))


def flashlight(
    pin_id: str,
    box: Box,
    *,
    snap: bool = False,
    limit: int = DEFAULT_HITS,
    filters: Filters = NO_FILTERS,
    cursor: str | None = None,
) -> Call[Flashlight]:
    """Scenes that hold something like ``box`` (left, top, right, bottom; 0 to 1) on the pin.

    With ``snap`` it searches for the detected object that the box probably means, instead of the box.
    """
    json: dict[str, Any] = {"pin_id": pin_id, "box": list(box), "snap": snap, **_params(limit, filters, None, cursor)}
    json["limit"] = limit
    if filters.max_age_s is not None:
        json["max_age_s"] = filters.max_age_s
    return Call(path="/v1/flashlight", params={}, json=json, read=json_reader(parse_flashlight))


def lens(
    photo: bytes, *, limit: int = DEFAULT_HITS, filters: Filters = NO_FILTERS, order: Freshness | None = None
) -> Call[Lens]:
    """What is like a photo: the bytes of a JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP; the service does not keep it."""
    params = _params(limit, filters, order, None)
    return Call(path="/v1/lens", params=params, photo=photo, read=json_reader(parse_lens))


def thumbnail(pin_id: str, *, width_px: int = 320) -> Call[bytes]:
    """The pin's picture as an encoded image, at most 160, 320, 640 or 1280 px wide; an SVG where it is gone."""
    return Call(path=f"{_pin_path(pin_id)}/thumbnail", params={"width_px": str(width_px)}, read=lambda body: body)


def _pin_path(pin_id: str) -> str:
    check_pin_id(pin_id)
    return f"/v1/pins/{pin_id}"


def _params(limit: int, filters: Filters, order: Freshness | None, cursor: str | None) -> Params:
    if order is not None and order != Freshness(half_life_s=order.half_life_s):
        raise QueryInvalid(f"weight = {order.weight}: over HTTP a boost has its usual weight")
    given: dict[str, str | list[str] | None] = {
        "limit": str(limit),
        "domain": _names("domain", filters.domain),
        "label": ["any"] if filters.label is ANY_LABEL else _names("label", filters.label),
        "but": _names("but", filters.but),
        "max_age_s": None if filters.max_age_s is None else str(filters.max_age_s),
        "half_life_s": None if order is None else str(order.half_life_s),
        "cursor": cursor,
    }
    return {name: value for name, value in given.items() if value}


def _names(field: str, given: Names | None) -> list[str]:
    return sorted(parse_names(field, given) or ())
