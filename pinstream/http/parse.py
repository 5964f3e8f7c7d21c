"""The service's JSON as records and errors; fields that a newer service adds are ignored."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final, TypeVar

import orjson

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
from pinstream.store.collection import Box

Answer = TypeVar("Answer")
Json = Mapping[str, Any]

_BY_PROBLEM_TYPE: Final[Mapping[str, type[PinstreamError]]] = {
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
_RETRYABLE: Final = frozenset({429, 500, 502, 503, 504})


def parse_error(status: int, body: bytes, *, retry_after_s: float | None) -> PinstreamError:
    """The error that a response stands for; ``body`` is a problem document (RFC 9457) if the service itself sent it."""
    try:
        problem = orjson.loads(body)
    except ValueError:
        problem = {}
    if not isinstance(problem, dict):
        problem = {}
    detail = str(problem.get("detail") or f"HTTP {status}")
    if status in _RETRYABLE:
        return ServiceUnavailable(detail, retry_after_s=retry_after_s)
    return _BY_PROBLEM_TYPE.get(str(problem.get("type", "")).rpartition(":")[2], ServiceRefused)(detail)


def json_reader(parse: Callable[[Json], Answer]) -> Callable[[bytes], Answer]:
    """A function that reads a body with ``parse``, and raises ServiceRefused if the body is not of the contract."""

    def read(body: bytes) -> Answer:
        try:
            return parse(orjson.loads(body))
        except (ValueError, KeyError, TypeError) as exc:
            raise ServiceRefused(f"the answer is not of this contract: {body[:80]!r}: {exc!r}") from exc

    return read


def parse_pin(json: Json) -> IndexedPin:
    objects = tuple(parse_object(each) for each in json["objects"])
    return IndexedPin(**{**_known(IndexedPin, json), "objects": objects})


def parse_pins(json: Json) -> tuple[IndexedPin, ...]:
    return tuple(map(parse_pin, json["pins"]))


def parse_object(json: Json) -> PinObject:
    return PinObject(**_known(PinObject, json))


def parse_hit(json: Json) -> Hit:
    return Hit(**_known(Hit, json))


def parse_result(json: Json) -> SearchResult:
    return SearchResult(tuple(map(parse_hit, json["hits"])), exhausted=json["exhausted"], cursor=json["cursor"])


def parse_flashlight(json: Json) -> Flashlight:
    found, snap_to = parse_result(json), None if json["snap_to"] is None else parse_object(json["snap_to"])
    return Flashlight(found.hits, found.exhausted, found.cursor, _parse_box(json["box"]), snap_to)


def parse_lens(json: Json) -> Lens:
    photo = json["understood"]
    objects = tuple(LensObject(each["label"], each["score"], _parse_box(each["box"])) for each in photo["objects"])
    understood = LensPhoto(photo["width_px"], photo["height_px"], objects, photo["dominant"])
    hits = (replace(parse_hit(hit), query=0 if hit["object"] is None else hit["object"] + 1) for hit in json["hits"])
    return Lens(tuple(hits), json["exhausted"], understood)


def _known(record: type[Any], json: Json) -> dict[str, Any]:
    names = {field.name for field in fields(record)}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in json.items() if name in names}


def _parse_box(edges: list[float]) -> Box:
    left, top, right, bottom = edges
    return left, top, right, bottom
