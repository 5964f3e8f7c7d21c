"""``/v1/lens``: a photo, what is understood of it, and what is like it. The photo is neither kept nor logged."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api.dependencies import Dependencies, PartsHere
from api.endpoints.bodies import Body, BoxBody, HitBody
from api.endpoints.hits_query import HitsOptions
from api.guards.callers import CallerHere
from api.guards.deadline import TimedRoute
from api.guards.problems import Problem, declared
from api.pictures.models import PhotoCodes
from api.pictures.upload import photo_in
from inference.errors import PictureRefused
from pinstream.search.blend import PhotoPart, dominant, lens_queries
from pinstream.search.hits import Hit, SearchResult

_BINARY: Final = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
_PHOTO: Final = {
    "requestBody": {
        "required": True,
        "description": "JPEG, PNG, WebP or GIF; EXIF orientation is applied",
        "content": {
            **{f"image/{kind}": _BINARY for kind in ("jpeg", "png", "webp", "gif")},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photo"],
                    "properties": {"photo": _BINARY["schema"]},
                }
            },
        },
    }
}

router = APIRouter(tags=["lens"], route_class=TimedRoute, responses=declared(400, 408, 413, 415, 422, 429, 503))


class LensObjectBody(Body):
    """One object that was detected on the photo."""

    label: str
    score: float
    box: BoxBody


class LensPhotoBody(Body):
    """What the models made of the photo."""

    width_px: int = Field(description="upright")
    height_px: int
    objects: tuple[LensObjectBody, ...]
    dominant: int | None = Field(description="the place in `objects` of what the photo is about; its hits lead")


class LensHitBody(HitBody):
    """A hit, and which part of the photo found it."""

    source: Literal["picture", "object"]
    object: int | None = Field(description="the place in `understood.objects`")


class LensBody(Body):
    """What is like the photo, most relevant first: `relevance` is how probably it shows the same kind of thing."""

    hits: tuple[LensHitBody, ...]
    exhausted: bool = Field(description="true: these are all there are; false: there are more")
    cursor: None = Field(None, description="always null: there is no next page, as the photo is not kept; ask for more")
    understood: LensPhotoBody


@router.post("/v1/lens", openapi_extra=_PHOTO)
async def lens(
    request: Request, which: Annotated[HitsOptions, Query()], parts: PartsHere, caller: CallerHere
) -> LensBody:
    """What is like a photo: as a whole, and like each object on it."""
    with parts.uploads.place(caller):
        photo = await _understood(request, parts)
    seen = [
        PhotoPart(
            code=code,
            label=thing.label,
            score=thing.score,
            box=(thing.box.x0, thing.box.y0, thing.box.x1, thing.box.y1),
        )
        for thing, code in photo.objects
    ]
    queries = lens_queries(photo.whole, seen)
    found = await parts.searches.ask(
        lambda index: index.blended(queries, limit=which.limit, filters=which.filters(), order=which.order)
    )
    return _body(found, photo.width_px, photo.height_px, seen)


async def _understood(request: Request, parts: Dependencies) -> PhotoCodes:
    encoded = await photo_in(request, within_s=request.app.state.settings.quota.upload_s)
    try:
        return await parts.models.understand(encoded)
    except PictureRefused as exc:
        raise Problem(422, "photo-refused", str(exc), field="photo") from exc


def _body(found: SearchResult, width_px: int, height_px: int, seen: list[PhotoPart]) -> LensBody:
    understood = LensPhotoBody(
        width_px=width_px,
        height_px=height_px,
        objects=tuple(LensObjectBody.model_validate(each) for each in seen),
        dominant=dominant(seen),
    )
    return LensBody(hits=tuple(map(_hit, found.hits)), exhausted=found.exhausted, understood=understood)


def _hit(hit: Hit) -> LensHitBody:
    """Place 0 of the queries is the whole picture."""
    plain = HitBody.model_validate(hit).model_dump(exclude={"thumbnail"})
    return LensHitBody(
        **plain, source="object" if hit.query else "picture", object=hit.query - 1 if hit.query else None
    )
