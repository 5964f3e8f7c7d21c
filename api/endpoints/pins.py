"""``/v1/pins``: a pin, its objects, its related pins and similar objects, and its thumbnail."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Header, Path, Query, Response

from api.dependencies import Dependencies, Deps
from api.endpoints.bodies import HitsBody, ObjectsBody, PinBody
from api.endpoints.hits_query import HitsQuery
from api.middleware.deadline import DeadlineRoute
from api.middleware.error_handlers import problem_of
from api.middleware.problems import Problem, problem_responses
from api.pictures.picture_cache import reason_of
from api.pictures.thumbnails import MEDIA_TYPES, Format, Width, etag, placeholder_svg
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
    prefix="/v1/pins/{pin_id}",
    tags=["pins"],
    route_class=DeadlineRoute,
    responses=problem_responses(404, 410, 422, 429, 503),
)


@router.get("")
async def pin(pin_id: PinId, deps: Deps) -> PinBody:
    """A pin and its objects, as they are in the index."""
    return PinBody.model_validate(await query_pin(deps, pin_id, lambda index: index.get(pin_id)))


@router.get("/objects")
async def objects(pin_id: PinId, deps: Deps) -> ObjectsBody:
    """The objects of a pin."""
    return ObjectsBody.model_validate(await query_pin(deps, pin_id, lambda index: index.get(pin_id)))


@router.get("/related")
async def related(pin_id: PinId, query: Annotated[HitsQuery, Query()], deps: Deps) -> HitsBody:
    """Pins whose whole picture is like this pin's, near-duplicates first. `label` is what a picture mainly shows."""

    def search(index: VisualIndex) -> SearchResult:
        return index.related(pin_id, limit=query.limit, filters=query.filters(), order=query.order, cursor=query.cursor)

    return HitsBody.model_validate(await query_pin(deps, pin_id, search))


@router.get("/objects/{slot}/similar")
async def similar(
    pin_id: PinId,
    slot: Annotated[int, Path(ge=1, le=MAX_SLOT)],
    query: Annotated[HitsQuery, Query()],
    deps: Deps,
) -> HitsBody:
    """Objects like this one, with the same label unless `label` names others; `label=any` allows every label."""

    def search(index: VisualIndex) -> SearchResult:
        return index.similar(
            pin_id, slot, limit=query.limit, filters=query.filters(), order=query.order, cursor=query.cursor
        )

    return HitsBody.model_validate(await query_pin(deps, pin_id, search))


@router.get(
    "/thumbnail",
    response_class=Response,
    responses={
        200: {"content": {media_type: {} for media_type in (*MEDIA_TYPES.values(), "image/svg+xml")}},
        304: {"description": "the caller's copy is up to date"},
    },
)
async def thumbnail(
    pin_id: PinId,
    deps: Deps,
    width_px: Width = Width.MEDIUM,
    version: Annotated[
        int | None, Query(ge=1, description="the pin's version; with it, browsers may cache the picture for a day")
    ] = None,
    accept: Annotated[str, Header()] = "*/*",
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """The pin's picture, made small; else a placeholder, with the reason in `X-Pinstream-Placeholder`."""
    pin = await query_pin(deps, pin_id, lambda index: index.get(pin_id))
    image_format: Format = "webp" if "image/webp" in accept or "*/*" in accept or "image/*" in accept else "jpeg"
    headers = {"Cache-Control": _cache_control(version, pin, deps), "Vary": "Accept"}
    try:
        picture = await deps.pictures.get(pin)
        headers["ETag"] = etag(picture.sha256, width_px, image_format)
        if version not in (None, pin.version):
            headers["X-Pinstream-Picture"] = "replaced"
        elif picture.sha256 != pin.image_sha256:
            headers["X-Pinstream-Picture"] = "changed"
        if headers["ETag"] in if_none_match or if_none_match.strip() == "*":
            return Response(status_code=304, headers=headers)
        content = await deps.thumbnails.get(picture, width_px, image_format)
    except (FetchError, PictureRefused, Problem) as exc:
        return _placeholder_response(pin, exc, deps)
    return Response(content, headers=headers, media_type=MEDIA_TYPES[image_format])


async def query_pin(deps: Dependencies, pin_id: str, query: Callable[[VisualIndex], Answer]) -> Answer:
    """What ``query`` returns. If the index lacks the pin, a Problem with the reason, as far as Kafka knows it."""
    try:
        return await deps.searches.run(query)
    except ObjectUnknown as exc:
        raise _with_pin_id(problem_of(exc), pin_id) from exc
    except PinUnknown as exc:
        problem = _with_pin_id(problem_of(exc), pin_id)
        if problem.state == "unknown":
            problem.state, problem.detail = deps.recent_pins.explain_missing(pin_id)
            problem.kind = "pin-" + problem.state
            problem.status = 410 if problem.state == "deleted" else 404
            problem.retry_after_s = 1.0 if problem.state == "not-indexed-yet" else None
        raise problem from exc


def _with_pin_id(problem: Problem, pin_id: str) -> Problem:
    problem.pin_id = pin_id
    return problem


def _cache_control(version: int | None, pin: IndexedPin, deps: Dependencies) -> str:
    """A browser must never cache the picture of one version under the address of another."""
    if version is None:
        return f"{deps.cache_scope}, max-age=60"
    return f"{deps.cache_scope}, max-age=86400" if version == pin.version else "no-cache"


def _placeholder_response(
    pin: IndexedPin, error: FetchError | PictureRefused | Problem, deps: Dependencies
) -> Response:
    if isinstance(error, Problem) and error.status == 429:
        raise error  # a placeholder would be cached, though the picture may be there
    reason = "no-picture" if isinstance(error, PictureRefused) else reason_of(error)
    deps.metrics.add("placeholders", reason)
    headers = {
        "Cache-Control": f"{deps.cache_scope}, max-age=30",
        "X-Pinstream-Placeholder": reason,
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(placeholder_svg(pin.pin_id, reason), headers=headers, media_type="image/svg+xml")
