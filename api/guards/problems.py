"""What callers are told when something is wrong: problem details (RFC 9457), made in one place.

Every error of the rooms below has one status here, by what the caller can do about it: 4xx change the request,
429 and 503 come again after ``Retry-After`` seconds.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from fetch.errors import FetchFailed, FetchRefused
from inference.errors import (
    EmbeddingMismatch,
    ModelBusy,
    ModelMismatch,
    ModelUnavailable,
    OtherModels,
    PictureRefused,
)
from pinstream.errors import (
    IndexMismatch,
    IndexRefused,
    IndexUnavailable,
    ObjectUnknown,
    PinDeleted,
    PinUnknown,
    QueryInvalid,
)
from pinstream.store.collection import EMBEDDING_VERSION

log = logging.getLogger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:pinstream:problem:"
_BUSY_RETRY_S: Final = 1.0
_AWAY_RETRY_S: Final = 2.0
_HTTP_KINDS: Final = {413: "body-too-large"}
_NO_PICTURE: Final = "its address does not give this pin's picture any more"
_REPAIR: Final = "this service is not set up for the index that it finds; its log says why"
_OTHER_MODELS: Final = (
    f"Triton does not serve the models of embedding version {EMBEDDING_VERSION}, which the index holds; "
    "this service's log says what it serves"
)


@dataclass
class Problem(Exception):
    """One answer that is an error; ``kind`` ends its type URI."""

    status: int
    kind: str
    detail: str
    field: str | None = None
    pin_id: str | None = None
    state: str | None = None
    retry_after_s: float | None = None

    def __str__(self) -> str:
        return self.detail


class ProblemBody(BaseModel):
    """A problem as it is answered (RFC 9457)."""

    type: str = Field(
        description=f"`{TYPE_PREFIX}<kind>`; programs compare this", examples=[TYPE_PREFIX + "pin-unknown"]
    )
    title: str = Field(description="the kind in words")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="this occurrence: the value and what is allowed, or what to do")
    field: str | None = Field(None, description="the argument that is wrong")
    pin_id: str | None = Field(None, description="the pin this is about")
    state: str | None = Field(None, description="of a pin that is not there: unknown, deleted, not-indexed-yet or dead")


def response_of(problem: Problem, more: Mapping[str, object] = MappingProxyType({})) -> Response:
    """The answer for ``problem``, with ``more`` members in its body."""
    body = {
        "type": TYPE_PREFIX + problem.kind,
        "title": problem.kind.replace("-", " ").capitalize(),
        "status": problem.status,
        "detail": problem.detail,
    }
    about = {"field": problem.field, "pin_id": problem.pin_id, "state": problem.state}
    body |= {name: value for name, value in about.items() if value is not None}
    body |= more
    headers = {"Cache-Control": "no-store"}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status == HTTPStatus.REQUEST_TIMEOUT:
        headers["Connection"] = "close"  # or the rest of the body would go on arriving
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(max(math.ceil(problem.retry_after_s), 1))
    return Response(orjson.dumps(body), status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What an error is for a caller, in its own words or, where those tell of this house's inside, in ``words``."""

    status: int
    kind: str
    words: str | None = None
    retry_s: float | None = None
    state: str | None = None
    field: str | None = None


_RULES: Final[Mapping[type[Exception], _Rule]] = {
    PinDeleted: _Rule(410, "pin-deleted", state="deleted"),
    ObjectUnknown: _Rule(404, "object-unknown", field="slot"),
    PinUnknown: _Rule(404, "pin-unknown", state="unknown"),
    QueryInvalid: _Rule(422, "invalid-request"),
    IndexUnavailable: _Rule(503, "index-unavailable", "the index does not answer now", retry_s=_AWAY_RETRY_S),
    IndexMismatch: _Rule(503, "index-mismatch", _REPAIR),
    IndexRefused: _Rule(503, "index-refused", _REPAIR),
    PictureRefused: _Rule(422, "picture-refused"),
    FetchRefused: _Rule(424, "picture-gone", _NO_PICTURE),
    FetchFailed: _Rule(503, "picture-unavailable", "the picture's host does not answer now", retry_s=_AWAY_RETRY_S),
    ModelBusy: _Rule(429, "models-busy", "the models have as much to do as they can", retry_s=_BUSY_RETRY_S),
    ModelUnavailable: _Rule(503, "models-unavailable", "the models do not answer now", retry_s=_AWAY_RETRY_S),
    EmbeddingMismatch: _Rule(503, "embedding-mismatch"),
    OtherModels: _Rule(503, "models-mismatch", _OTHER_MODELS),
    ModelMismatch: _Rule(503, "models-refused", "the models refuse this service; its log says why"),
    ClientDisconnect: _Rule(400, "caller-gone"),
}
"""By class, the special before the general."""


def problem_of(error: Exception) -> Problem:
    """The problem that an error of the rooms below is for a caller; what is not known is logged as a bug."""
    if isinstance(error, Problem):
        return error
    rule = next((rule for kind, rule in _RULES.items() if isinstance(error, kind)), None)
    if rule is None:
        log.error("unexpected: %s", error, exc_info=error)
        return Problem(500, "internal-error", "an error of this service; it has been logged")
    if rule.words is not None:
        log.warning("%s: %s", rule.kind, error)
    problem = Problem(rule.status, rule.kind, rule.words or str(error), rule.field, None, rule.state, rule.retry_s)
    if isinstance(error, QueryInvalid):
        problem.field = _field_of(str(error))
    if isinstance(error, FetchFailed):
        problem.retry_after_s = error.retry_after_s or rule.retry_s
    return problem


def install(app: FastAPI) -> None:
    """Have every error of ``app`` answered as a problem."""

    async def answer(_request: Request, error: Exception) -> Response:
        return response_of(problem_of(error))

    async def answer_invalid(_request: Request, error: RequestValidationError) -> Response:
        return response_of(_invalid(error))

    async def answer_http(_request: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI's word for a body that is no UTF-8
            return response_of(Problem(422, "invalid-request", f"body: {error.detail}", field="body"))
        kind = _HTTP_KINDS.get(error.status_code) or HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        response = response_of(Problem(error.status_code, kind, str(error.detail)))
        response.headers.update(error.headers or {})
        return response

    kinds: tuple[type[Exception], ...] = (Problem, *_RULES, Exception)
    for kind in kinds:
        app.exception_handler(kind)(answer)
    app.exception_handler(RequestValidationError)(answer_invalid)
    app.exception_handler(HTTPException)(answer_http)


def _invalid(error: RequestValidationError) -> Problem:
    """The first thing that is wrong, by name."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"] if part not in ("query", "path", "body", "header")) or "body"
    said = str(first["msg"]).removeprefix("Value error, ")
    given = "" if first["type"] in ("missing", "json_invalid") else f" (given: {first.get('input')!r:.80})"
    return Problem(422, "invalid-request", f"{name}: {said}{given}", field=name)


def _field_of(message: str) -> str | None:
    """The argument that a QueryInvalid begins with."""
    name, separator, _ = message.partition(" = ")
    return name if separator and name.isidentifier() else None


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: that these statuses answer with a problem, as a missing key always may."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    answered = sorted({401, *statuses})
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in answered}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document with the shape of problems in place of FastAPI's own errors, and with keys."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "where keys are set"}}
    document["security"] = [{}, {"key": []}]
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["ProblemBody"] = ProblemBody.model_json_schema()
    return document
