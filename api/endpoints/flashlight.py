"""``/v1/flashlight``: searches for the part of a pin's picture inside a box."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, Field

from api.dependencies import Deps
from api.endpoints.bodies import BoxBody, HitsBody, ObjectBody
from api.endpoints.hits_query import HitsQuery
from api.endpoints.pins import query_pin
from api.middleware.deadline import DeadlineRoute
from api.middleware.problems import problem_responses
from api.pictures.boxes import MIN_SIDE, best_match, iou
from pinstream.events import PIN_ID_PATTERN
from pinstream.search.hits import PinObject
from pinstream.store.collection import Box


def _check_sides(box: Box) -> Box:
    left, top, right, bottom = box
    if right - left < MIN_SIDE or bottom - top < MIN_SIDE:
        raise ValueError(f"left, top, right, bottom with sides of at least {MIN_SIDE} of the picture are allowed")
    return box


DrawnBox = Annotated[BoxBody, AfterValidator(_check_sides)]

router = APIRouter(
    tags=["flashlight"], route_class=DeadlineRoute, responses=problem_responses(404, 410, 413, 422, 424, 429, 503)
)


class FlashlightQuery(HitsQuery):
    """The box, the pin, and which pins may be among the hits."""

    pin_id: Annotated[str, Field(pattern=PIN_ID_PATTERN)]
    box: DrawnBox
    snap: bool = Field(False, description="search for the object that the box covers, if there is one")


class SnapBody(ObjectBody):
    """The object that a drawn box covers best."""

    iou: float = Field(description="intersection over union of its box and the drawn one")


class FlashlightBody(HitsBody):
    """Pins that show something like it, each with the matching box."""

    box: BoxBody = Field(description="the box that was searched for")
    snap_to: SnapBody | None = Field(
        description="the object that the drawn box covers, if there is one; `snap` searches for it"
    )


@router.post("/v1/flashlight")
async def flashlight(query: FlashlightQuery, deps: Deps) -> FlashlightBody:
    """Pins and objects like the part of the picture inside the box."""
    pin = await query_pin(deps, query.pin_id, lambda index: index.get(query.pin_id))
    snap_to = best_match(query.box, pin.objects)
    box = snap_to.box if query.snap and snap_to is not None else query.box
    code = await deps.box_codes.get(pin, box)
    result = await deps.searches.run(
        lambda index: index.by_code(
            code,
            slots="any",
            limit=query.limit,
            filters=query.filters(but=pin.pin_id),
            order=query.order,
            cursor=query.cursor,
        )
    )
    return FlashlightBody(
        **dict(HitsBody.model_validate(result)),
        box=box,
        snap_to=None if snap_to is None else _snap_body(snap_to, query.box),
    )


def _snap_body(found: PinObject, drawn: Box) -> SnapBody:
    return SnapBody(
        slot=found.slot, label=found.label, score=found.score, box=found.box, iou=round(iou(drawn, found.box), 4)
    )
