"""``/v1/lens``: searches with a photo. The photo is neither kept nor logged."""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field

from api.dependencies import Dependencies, Deps
from api.endpoints.bodies import Body, BoxBody, HitBody
from api.endpoints.hits_query import HitsOptions
from api.middleware.callers import Caller
from api.middleware.deadline import DeadlineRoute
from api.middleware.problems import Problem, problem_responses
from api.pictures.photo_upload import read_photo
from api.pictures.query_models import PhotoCodes
from inference.errors import PictureRefused
from inference.structure import FORMATS
from pinstream.search.blend import PhotoPart, dominant, lens_queries
from pinstream.search.hits import Hit, SearchResult

_BINARY: Final = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
_PHOTO: Final = {
    "requestBody": {
        "required": True,
        "description": "JPEG, PNG, WebP, GIF, AVIF, TIFF or BMP; turned upright by its EXIF orientation",
        "content": {
            **{f"image/{kind}": _BINARY for kind in map(str.lower, FORMATS)},
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

router = APIRouter(
    tags=["lens"], route_class=DeadlineRoute, responses=problem_responses(400, 408, 413, 415, 422, 429, 503)
)


class LensObjectBody(Body):
    """An object that was detected on the photo."""

    label: str
    score: float
    box: BoxBody


class LensPhotoBody(Body):
    """The photo's size and objects."""

    width_px: int = Field(description="after it was turned upright")
    height_px: int
    objects: tuple[LensObjectBody, ...]
    dominant: int | None = Field(description="index in `objects` of the photo's main subject, whose hits come first")


class LensHitBody(HitBody):
    """A hit, and which part of the photo it is like."""

    source: Literal["picture", "object"]
    object: int | None = Field(description="index in `understood.objects`")


class LensBody(Body):
    """Hits by `relevance`: the probability that a hit shows the same kind of thing as the photo."""

    hits: tuple[LensHitBody, ...]
    exhausted: bool = Field(description="true if there are no more hits")
    cursor: None = Field(
        None, description="always null: the photo is not kept, so there is no next page; raise `limit`"
    )
    understood: LensPhotoBody


@router.post("/v1/lens", openapi_extra=_PHOTO)
async def lens(request: Request, options: Annotated[HitsOptions, Query()], deps: Deps, caller: Caller) -> LensBody:
    """Pins like the photo: like the whole of it, and like each object on it."""
    # Until the models have answered: only then is the photo out of memory.
    with deps.uploads.permit(caller):
        photo = await _read_and_embed(request, deps)
    parts = [
        PhotoPart(
            code=code,
            label=found.label,
            score=found.score,
            box=(found.box.x0, found.box.y0, found.box.x1, found.box.y1),
        )
        for found, code in photo.objects
    ]
    queries = lens_queries(photo.whole, parts)
    result = await deps.searches.run(
        lambda index: index.blended(queries, limit=options.limit, filters=options.filters(), order=options.order)
    )
    return _body(result, photo.width_px, photo.height_px, parts)


async def _read_and_embed(request: Request, deps: Dependencies) -> PhotoCodes:
    encoded = await read_photo(request, timeout_s=request.app.state.settings.quota.upload_s)
    try:
        return await deps.models.embed_photo(encoded)
    except PictureRefused as exc:
        raise Problem(422, "photo-refused", str(exc), field="photo") from exc


def _body(result: SearchResult, width_px: int, height_px: int, parts: list[PhotoPart]) -> LensBody:
    understood = LensPhotoBody(
        width_px=width_px,
        height_px=height_px,
        objects=tuple(LensObjectBody.model_validate(part) for part in parts),
        dominant=dominant(parts),
    )
    return LensBody(hits=tuple(map(_hit_body, result.hits)), exhausted=result.exhausted, understood=understood)


def _hit_body(hit: Hit) -> LensHitBody:
    """Query 0 is the whole picture, query 1 the first object."""
    fields = HitBody.model_validate(hit).model_dump(exclude={"thumbnail"})
    return LensHitBody(
        **fields, source="object" if hit.query else "picture", object=hit.query - 1 if hit.query else None
    )
