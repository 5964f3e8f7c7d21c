"""Is this process alive, would it answer a search now, and what it has counted."""

import asyncio
import logging
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from api.parts import Parts, PartsHere
from api.problems import Problem
from inference.errors import InferenceError
from pinstream.codes import CODE_BYTES
from pinstream.errors import VectorIndexError

_TIMEOUT_S: Final = 5.0
_ANY_CODE: Final = bytes(CODE_BYTES)

log = logging.getLogger(__name__)
router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process answers."""

    alive: bool


class Ready(BaseModel):
    """What a caller would get now."""

    ready: bool = Field(description="searches are answered")
    index: str = Field(description="`ok`, or what is wrong")
    models: str = Field(description="`ok`, or what is wrong: Flashlight and Lens need them, searches do not")
    kafka: str = Field(description="`ok`, or `away`: fresh pins are not told, states of missing pins not known")


@router.get("/healthz")
async def healthz() -> Alive:
    """Whether the process answers at all."""
    return Alive(alive=True)


@router.get("/readyz", responses={503: {"model": Ready, "description": "searches are not answered"}})
async def readyz(parts: PartsHere) -> Response:
    """A real search and a real inference; 503 if searches fail. Without the models the rest still serves."""
    index, models = await asyncio.gather(_index(parts), _models(parts))
    ready = Ready(ready=index == "ok", index=index, models=models, kafka="ok" if parts.feed.is_connected else "away")
    return JSONResponse(ready.model_dump(), status_code=200 if ready.ready else 503)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(parts: PartsHere) -> Response:
    """For Prometheus."""
    return Response(generate_latest(parts.metrics.registry), media_type=CONTENT_TYPE_LATEST)


async def _index(parts: Parts) -> str:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await parts.searches.ask(lambda index: index.by_code(_ANY_CODE, limit=1))
    except (VectorIndexError, Problem, TimeoutError) as exc:
        return _told("index", exc)
    return "ok"


async def _models(parts: Parts) -> str:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            await parts.canary()
    except (InferenceError, TimeoutError) as exc:
        return _told("models", exc)
    return "ok"


def _told(part: str, error: Exception) -> str:
    """The kind of error for whoever asks, all of it for the log: this port may be open to the world."""
    log.warning("not ready: %s: %s", part, error)
    return type(error).__name__
