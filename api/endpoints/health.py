"""``/healthz``, ``/readyz`` and ``/metrics``, for load balancers and Prometheus."""

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.dependencies import Deps
from api.middleware.problems import MEDIA_TYPE, ProblemBody, problem_response
from api.readiness import ReadyBody

router = APIRouter(tags=["health"])


class AliveBody(BaseModel):
    alive: bool


@router.get("/healthz")
async def healthz() -> AliveBody:
    """200 as long as the process answers."""
    return AliveBody(alive=True)


class NotReadyBody(ReadyBody, ProblemBody):
    """A problem with the fields of ReadyBody."""


_NOT_READY: Final = {
    "description": "searches fail, or Triton serves another embedding version than the index holds",
    "content": {MEDIA_TYPE: {"schema": NotReadyBody.model_json_schema()}},
}


@router.get("/readyz", responses={200: {"model": ReadyBody}, 503: _NOT_READY})
async def readyz(deps: Deps) -> Response:
    """Runs a search and an inference. 503 if searches fail, or if Triton serves another embedding version.

    If Triton does not answer, the service is still ready: only Flashlight and Lens need it.
    """
    result = await deps.readiness.check()
    if result.problem is not None:
        return problem_response(result.problem, result.body.model_dump())
    return JSONResponse(result.body.model_dump())


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(deps: Deps) -> Response:
    """Metrics in Prometheus' text format."""
    return Response(generate_latest(deps.metrics.registry), media_type=CONTENT_TYPE_LATEST)
