"""The HTTP contract without a network: each call as a value, its answer as a record, its refusal as an error."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Generic, TypeVar

from pinstream.errors import (
    ObjectUnknown,
    PictureGone,
    PinDead,
    PinDeleted,
    PinNotIndexedYet,
    PinstreamError,
    PinUnknown,
    QueryInvalid,
    ServiceRefused,
    ServiceUnavailable,
)
from pinstream.http.responses import Flashlight, Lens, LensObject, LensPhoto
from pinstream.search.hits import Hit, IndexedPin, PinObject, SearchResult
from pinstream.search.options import check_pin_id, parse_names
from pinstream.search.query import ANY_LABEL, DEFAULT_HITS, NO_FILTERS, Filters, Freshness, Names
from pinstream.store.collection import Box

Answer = TypeVar("Answer")
Json = Mapping[str, Any]

_KINDS: Final[Mapping[str, type[PinstreamError]]] = {
    "pin-unknown": PinUnknown,
    "pin-not-indexed-yet": PinNotIndexedYet,
    "pin-dead": PinDead,
    "pin-deleted": PinDeleted,
    "object-unknown": ObjectUnknown,
    "picture-gone": PictureGone,
    "picture-refused": PictureGone,
    "invalid-request": QueryInvalid,
    "photo-refused": QueryInvalid,
    "body-too-large": QueryInvalid,
    "upload-too-slow": QueryInvalid,
    "unsupported-media-type": QueryInvalid,
}
_COME_AGAIN: Final = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[Answer]):
    """One request: what to send, and what to make of a good answer's body."""

    path: str
    read: Callable[[bytes], Answer]
    params: Mapping[str, str | list[str]]
    json: Json | None = None
    photo: bytes | None = None

    @property
    def method(self) -> str:
        """GET, unless something is sent."""
        return "GET" if self.json is None and self.photo is None else "POST"


def get(pin_id: str) -> Call[IndexedPin]:
    """The pin and its objects, as they are in the index."""
    return Call(path=_pin(pin_id), params={}, read=_json(pin_of))


def newest(*, limit: int = DEFAULT_HITS) -> Call[tuple[IndexedPin, ...]]:
    """The pins that were published last, the newest first."""
    return Call(path="/v1/fresh", params={"limit": str(limit)}, read=_json(pins_of))


def related(
    pin_id: str,
    *,
    limit: int = DEFAULT_HITS,
    filters: Filters = NO_FILTERS,
    order: Freshness | None = None,
    cursor: str | None = None,
) -> Call[SearchResult]:
    """Whole pictures like this pin's, its near-duplicates first."""
    asked = _asked(limit, filters, order, cursor)
    return Call(path=f"{_pin(pin_id)}/related", params=asked, read=_json(result_of))


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
    asked = _asked(limit, filters, order, cursor)
    return Call(path=f"{_pin(pin_id)}/objects/{slot:d}/similar", params=asked, read=_json(result_of))


def flashlight(
    pin_id: str,
    box: Box,
    *,
    snap: bool = False,
    limit: int = DEFAULT_HITS,
    filters: Filters = NO_FILTERS,
    cursor: str | None = None,
) -> Call[Flashlight]:
    """Scenes that hold something like ``box`` on the pin; ``snap``: like the object that the box is about."""
    asked: dict[str, Any] = {**_asked(limit, filters, None, cursor), "limit": limit}
    if filters.max_age_s is not None:
        asked["max_age_s"] = filters.max_age_s
    question = {"pin_id": pin_id, "box": list(box), "snap": snap, **asked}
    return Call(path="/v1/flashlight", params={}, json=question, read=_json(flashlight_of))


def lens(
    photo: bytes, *, limit: int = DEFAULT_HITS, filters: Filters = NO_FILTERS, order: Freshness | None = None
) -> Call[Lens]:
    """What is like a photo, given as the bytes of a JPEG, PNG, WebP or GIF; the service does not keep it."""
    return Call(path="/v1/lens", params=_asked(limit, filters, order, None), photo=photo, read=_json(lens_of))


def thumbnail(pin_id: str, *, width_px: int = 320) -> Call[bytes]:
    """The pin's picture, 160, 320, 640 or 1280 px wide at most, encoded; a drawn SVG where it cannot be had."""
    return Call(path=f"{_pin(pin_id)}/thumbnail", params={"width_px": str(width_px)}, read=lambda body: body)


def error_of(status: int, told: Json, *, retry_after_s: float | None) -> PinstreamError:
    """What a refusal is for the caller; ``told`` is the problem document, or empty where there was none."""
    kind = str(told.get("type", "")).rpartition(":")[2]
    said = str(told.get("detail") or f"HTTP {status}")
    if status in _COME_AGAIN:
        return ServiceUnavailable(said, retry_after_s=retry_after_s)
    return _KINDS.get(kind, ServiceRefused)(said)


def pin_of(told: Json) -> IndexedPin:
    """A pin as JSON tells of it."""
    objects = tuple(object_of(each) for each in told["objects"])
    return IndexedPin(**{**_known(IndexedPin, told), "objects": objects})


def pins_of(told: Json) -> tuple[IndexedPin, ...]:
    """The newest pins as JSON tells of them."""
    return tuple(map(pin_of, told["pins"]))


def object_of(told: Json) -> PinObject:
    """An object as JSON tells of it."""
    return PinObject(**_known(PinObject, told))


def hit_of(told: Json) -> Hit:
    """A hit as JSON tells of it."""
    return Hit(**_known(Hit, told))


def result_of(told: Json) -> SearchResult:
    """A list of hits as JSON tells of it."""
    return SearchResult(tuple(map(hit_of, told["hits"])), exhausted=told["exhausted"], cursor=told["cursor"])


def flashlight_of(told: Json) -> Flashlight:
    """An answer of Flashlight as JSON tells of it."""
    snap, found = told["snap_to"], result_of(told)
    offered = None if snap is None else object_of(snap)
    return Flashlight(found.hits, found.exhausted, found.cursor, _box(told["box"]), offered)


def lens_of(told: Json) -> Lens:
    """An answer of Lens as JSON tells of it."""
    seen = told["understood"]
    objects = tuple(LensObject(each["label"], each["score"], _box(each["box"])) for each in seen["objects"])
    understood = LensPhoto(seen["width_px"], seen["height_px"], objects, seen["dominant"])
    hits = (replace(hit_of(hit), query=0 if hit["object"] is None else hit["object"] + 1) for hit in told["hits"])
    return Lens(tuple(hits), told["exhausted"], understood)


def _json(read: Callable[[Json], Answer]) -> Callable[[bytes], Answer]:
    import orjson  # noqa: PLC0415 (heavy names are loaded when they are used)

    def parsed(body: bytes) -> Answer:
        try:
            return read(orjson.loads(body))
        except (ValueError, KeyError, TypeError) as exc:
            raise ServiceRefused(f"an answer that is none of this contract: {body[:80]!r}: {exc!r}") from exc

    return parsed


def _known(record: type[Any], told: Json) -> dict[str, Any]:
    """The fields of ``record`` that are told; what a newer service adds is passed over."""
    names = {field.name for field in fields(record)}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items() if name in names}


def _box(edges: list[float]) -> Box:
    left, top, right, bottom = edges
    return left, top, right, bottom


def _pin(pin_id: str) -> str:
    check_pin_id(pin_id)
    return f"/v1/pins/{pin_id}"


def _asked(limit: int, filters: Filters, order: Freshness | None, cursor: str | None) -> dict[str, str | list[str]]:
    if order is not None and order != Freshness(half_life_s=order.half_life_s):
        raise QueryInvalid(f"weight = {order.weight}: over HTTP a boost has its usual weight")
    label = ["any"] if filters.label is ANY_LABEL else _names("label", filters.label)
    given: Iterator[tuple[str, str | list[str] | None]] = iter(
        (
            ("limit", str(limit)),
            ("domain", _names("domain", filters.domain)),
            ("label", label),
            ("but", _names("but", filters.but)),
            ("max_age_s", None if filters.max_age_s is None else str(filters.max_age_s)),
            ("half_life_s", None if order is None else str(order.half_life_s)),
            ("cursor", cursor),
        )
    )
    return {name: value for name, value in given if value}


def _names(what: str, given: Names | None) -> list[str]:
    return sorted(parse_names(what, given) or ())
