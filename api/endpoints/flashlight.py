"""``/v1/flashlight``: any box on a pin, and the scenes that hold something like it."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import AfterValidator, Field

from api.dependencies import PartsHere
from api.endpoints.bodies import BoxBody, HitsBody, ObjectBody
from api.endpoints.hits_query import HitsQuery
from api.endpoints.pins import asked
from api.guards.deadline import TimedRoute
from api.guards.problems import declared
from api.pictures.boxes import MIN_SIDE, nearest, overlap
from pinstream.events import PIN_ID_PATTERN
from pinstream.search.hits import PinObject
from pinstream.store.collection import Box


def _has_sides(box: Box) -> Box:
    left, top, right, bottom = box
    if right - left < MIN_SIDE or bottom - top < MIN_SIDE:
        raise ValueError(f"left, top, right, bottom with sides of at least {MIN_SIDE} are allowed")
    return box


DrawnBox = Annotated[BoxBody, AfterValidator(_has_sides)]

router = APIRouter(tags=["flashlight"], route_class=TimedRoute, responses=declared(404, 410, 413, 422, 424, 429, 503))


class FlashlightQuery(HitsQuery):
    """Which box on which pin, and which pins may answer."""

    pin_id: Annotated[str, Field(pattern=PIN_ID_PATTERN)]
    box: DrawnBox
    snap: bool = Field(False, description="search for the object that the box is about, if there is one")


class SnapBody(ObjectBody):
    """The object that a drawn box is probably about."""

    iou: float = Field(description="intersection over union of its box and the drawn one")


class FlashlightBody(HitsBody):
    """Scenes that hold something like it, each with the matching box."""

    box: BoxBody = Field(description="what was searched for")
    snap_to: SnapBody | None = Field(description="the object that the drawn box is probably about; offered")


@router.post("/v1/flashlight")
async def flashlight(question: FlashlightQuery, parts: PartsHere) -> FlashlightBody:
    """Pins and objects like the crop: the scenes that hold it."""
    pin = await asked(parts, question.pin_id, lambda index: index.get(question.pin_id))
    meant = nearest(question.box, pin.objects)
    box = meant.box if question.snap and meant is not None else question.box
    code = await parts.crops.code(pin, box)
    found = await parts.searches.ask(
        lambda index: index.by_code(
            code,
            slots="any",
            limit=question.limit,
            filters=question.filters(but=pin.pin_id),
            order=question.order,
            cursor=question.cursor,
        )
    )
    offered = None if meant is None else _snap(meant, question.box)
    hits = HitsBody.model_validate(found)
    return FlashlightBody(hits=hits.hits, exhausted=hits.exhausted, cursor=hits.cursor, box=box, snap_to=offered)


def _snap(thing: PinObject, drawn: Box) -> SnapBody:
    return SnapBody(
        slot=thing.slot, label=thing.label, score=thing.score, box=thing.box, iou=round(overlap(drawn, thing.box), 4)
    )
