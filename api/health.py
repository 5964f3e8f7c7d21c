"""Is this process alive, would it answer a search now, and what it has counted."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from api.parts import PartsHere
from api.readiness import Ready

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    alive: bool


@router.get("/healthz")
async def healthz() -> Alive:
    """Whether the process answers at all."""
    return Alive(alive=True)


@router.get("/readyz", responses={503: {"model": Ready, "description": "searches are not answered"}})
async def readyz(parts: PartsHere) -> Response:
    """A real search and a real inference; 503 if searches fail. Without the models the rest still serves."""
    ready = await parts.readiness.now()
    return JSONResponse(ready.model_dump(), status_code=200 if ready.ready else 503)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(parts: PartsHere) -> Response:
    """For Prometheus."""
    return Response(generate_latest(parts.metrics.registry), media_type=CONTENT_TYPE_LATEST)
