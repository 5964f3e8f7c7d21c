"""Is this process alive, would it answer a search now, and what it has counted."""

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.dependencies import PartsHere
from api.guards.problems import MEDIA_TYPE, ProblemBody, response_of
from api.readiness import ReadyBody

router = APIRouter(tags=["health"])


class AliveBody(BaseModel):
    """The process answers."""

    alive: bool


@router.get("/healthz")
async def healthz() -> AliveBody:
    """Whether the process answers at all."""
    return AliveBody(alive=True)


class NotReadyBody(ReadyBody, ProblemBody):
    """The same as a problem, which says why."""


_NOT_READY: Final = {
    "description": "searches fail, or Triton serves another embedding than that of the index",
    "content": {MEDIA_TYPE: {"schema": NotReadyBody.model_json_schema()}},
}


@router.get("/readyz", responses={200: {"model": ReadyBody}, 503: _NOT_READY})
async def readyz(parts: PartsHere) -> Response:
    """A real search and a real inference; 503 if searches fail, or if the models' codes are not those of the index.

    Without the models the rest still serves.
    """
    found = await parts.readiness.now()
    if found.why_not is not None:
        return response_of(found.why_not, found.ready.model_dump())
    return JSONResponse(found.ready.model_dump())


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(parts: PartsHere) -> Response:
    """For Prometheus."""
    return Response(generate_latest(parts.metrics.registry), media_type=CONTENT_TYPE_LATEST)
