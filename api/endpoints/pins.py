"""``/v1/pins``: a pin, its objects, what is like it, and its picture made small."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Header, Path, Query, Response

from api.dependencies import Dependencies, PartsHere
from api.endpoints.bodies import HitsBody, ObjectsBody, PinBody
from api.endpoints.hits_query import HitsQuery
from api.guards.deadline import TimedRoute
from api.guards.problems import Problem, declared, problem_of
from api.pictures.picture_cache import reason_of
from api.pictures.thumbnails import MEDIA_TYPES, Format, Width, etag, placeholder
from fetch.errors import FetchError
from inference.errors import PictureRefused
from pinstream.errors import ObjectUnknown, PinUnknown
from pinstream.events import PIN_ID_PATTERN
from pinstream.search.hits import IndexedPin, SearchResult
from pinstream.search.index import VisualIndex
from pinstream.store.collection import MAX_SLOT

Answer = TypeVar("Answer")
PinId = Annotated[str, Path(pattern=PIN_ID_PATTERN, description="1-64 of `A-Z a-z 0-9 _ -`")]

router = APIRouter(
    prefix="/v1/pins/{pin_id}", tags=["pins"], route_class=TimedRoute, responses=declared(404, 410, 422, 429, 503)
)


@router.get("")
async def pin(pin_id: PinId, parts: PartsHere) -> PinBody:
    """A pin and its objects, as they are in the index."""
    return PinBody.model_validate(await asked(parts, pin_id, lambda index: index.get(pin_id)))


@router.get("/objects")
async def objects(pin_id: PinId, parts: PartsHere) -> ObjectsBody:
    """The things that were found on the pin's picture, with their boxes."""
    return ObjectsBody.model_validate(await asked(parts, pin_id, lambda index: index.get(pin_id)))


@router.get("/related")
async def related(pin_id: PinId, question: Annotated[HitsQuery, Query()], parts: PartsHere) -> HitsBody:
    """Whole pictures like this pin's: near-duplicates first, then what looks alike. `label`: what they mainly show."""

    def search(index: VisualIndex) -> SearchResult:
        return index.related(
            pin_id, limit=question.limit, filters=question.filters(), order=question.order, cursor=question.cursor
        )

    return HitsBody.model_validate(await asked(parts, pin_id, search))


@router.get("/objects/{slot}/similar")
async def similar(
    pin_id: PinId,
    slot: Annotated[int, Path(ge=1, le=MAX_SLOT)],
    question: Annotated[HitsQuery, Query()],
    parts: PartsHere,
) -> HitsBody:
    """Objects like this one, of its own label unless `label` names others; `label=any` opens that gate."""

    def search(index: VisualIndex) -> SearchResult:
        return index.similar(
            pin_id, slot, limit=question.limit, filters=question.filters(), order=question.order, cursor=question.cursor
        )

    return HitsBody.model_validate(await asked(parts, pin_id, search))


@router.get(
    "/thumbnail",
    response_class=Response,
    responses={
        200: {"content": {media_type: {} for media_type in (*MEDIA_TYPES.values(), "image/svg+xml")}},
        304: {"description": "what the caller has is the same"},
    },
)
async def thumbnail(
    pin_id: PinId,
    parts: PartsHere,
    width_px: Width = Width.MEDIUM,
    version: Annotated[int | None, Query(ge=1, description="lets browsers keep it: a version has one picture")] = None,
    accept: Annotated[str, Header()] = "*/*",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """The pin's picture, made small; a drawn one, saying why in `X-Pinstream-Placeholder`, where it cannot be had."""
    found = await asked(parts, pin_id, lambda index: index.get(pin_id))
    kind: Format = "webp" if "image/webp" in accept or "*/*" in accept or "image/*" in accept else "jpeg"
    headers = {"Cache-Control": _kept_for(version, found, parts), "Vary": "Accept"}
    try:
        picture = await parts.pictures.of(found)
        headers["ETag"] = etag(picture.sha256, width_px, kind)
        if version not in (None, found.version):
            headers["X-Pinstream-Picture"] = "replaced"
        elif picture.sha256 != found.image_sha256:
            headers["X-Pinstream-Picture"] = "changed"
        if headers["ETag"] in if_none_match or if_none_match.strip() == "*":
            return Response(status_code=304, headers=headers)
        content = await parts.shrinking.thumbnail(picture, width_px, kind)
    except (FetchError, PictureRefused, Problem) as exc:
        return _placeholder(found, exc, parts)
    return Response(content, headers=headers, media_type=MEDIA_TYPES[kind])


async def asked(parts: Dependencies, pin_id: str, question: Callable[[VisualIndex], Answer]) -> Answer:
    """What the index says of a pin; where it has none, a Problem that says why, as far as Kafka told."""
    try:
        return await parts.searches.ask(question)
    except ObjectUnknown as exc:
        raise _about(problem_of(exc), pin_id) from exc
    except PinUnknown as exc:
        problem = _about(problem_of(exc), pin_id)
        if problem.state == "unknown":
            problem.state, problem.detail = parts.journal.why_missing(pin_id)
            problem.kind = "pin-" + problem.state
            problem.status = 410 if problem.state == "deleted" else 404
            problem.retry_after_s = 1.0 if problem.state == "not-indexed-yet" else None
        raise problem from exc


def _about(problem: Problem, pin_id: str) -> Problem:
    problem.pin_id = pin_id
    return problem


def _kept_for(version: int | None, found: IndexedPin, parts: Dependencies) -> str:
    """An address with a version never keeps the picture of another."""
    if version is None:
        return f"{parts.cached_by}, max-age=60"
    return f"{parts.cached_by}, max-age=86400" if version == found.version else "no-cache"


def _placeholder(found: IndexedPin, error: FetchError | PictureRefused | Problem, parts: Dependencies) -> Response:
    if isinstance(error, Problem) and error.status == 429:
        raise error
    reason = "no-picture" if isinstance(error, PictureRefused) else reason_of(error)
    parts.metrics.add("placeholders", reason)
    headers = {
        "Cache-Control": f"{parts.cached_by}, max-age=30",
        "X-Pinstream-Placeholder": reason,
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(placeholder(found.pin_id, reason), headers=headers, media_type="image/svg+xml")
