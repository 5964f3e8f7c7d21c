"""Which error is answered with which problem: one table for all errors of the rooms below.

The status says what the caller can do: change the request (4xx), or retry after ``Retry-After`` seconds (429, 503).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.middleware.problems import Problem, problem_response
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

_BUSY_RETRY_S: Final = 1.0
_UNAVAILABLE_RETRY_S: Final = 2.0
_HTTP_KINDS: Final = {413: "body-too-large"}
_SHOWN: Final = 80
_NO_PICTURE: Final = "the pin's picture is no longer at its address"
_WRONG_INDEX: Final = "this service is not configured for the index that it finds; its log says why"
_OTHER_MODELS: Final = (
    f"Triton does not serve the models of embedding version {EMBEDDING_VERSION}, which the index holds; "
    "the log of this service says what Triton serves"
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """How an error is answered. ``detail`` replaces its message where that would show the inside of our network."""

    status: int
    kind: str
    detail: str | None = None
    retry_s: float | None = None
    state: str | None = None
    field: str | None = None


_RULES: Final[Mapping[type[Exception], _Rule]] = {
    PinDeleted: _Rule(410, "pin-deleted", state="deleted"),
    ObjectUnknown: _Rule(404, "object-unknown", field="slot"),
    PinUnknown: _Rule(404, "pin-unknown", state="unknown"),
    QueryInvalid: _Rule(422, "invalid-request"),
    IndexUnavailable: _Rule(503, "index-unavailable", "the index does not answer", retry_s=_UNAVAILABLE_RETRY_S),
    IndexMismatch: _Rule(503, "index-mismatch", _WRONG_INDEX),
    IndexRefused: _Rule(503, "index-refused", _WRONG_INDEX),
    PictureRefused: _Rule(422, "picture-refused"),
    FetchRefused: _Rule(424, "picture-gone", _NO_PICTURE),
    FetchFailed: _Rule(
        503, "picture-unavailable", "the host of the picture does not answer", retry_s=_UNAVAILABLE_RETRY_S
    ),
    ModelBusy: _Rule(429, "models-busy", "the models are busy", retry_s=_BUSY_RETRY_S),
    ModelUnavailable: _Rule(503, "models-unavailable", "the models do not answer", retry_s=_UNAVAILABLE_RETRY_S),
    EmbeddingMismatch: _Rule(503, "embedding-mismatch"),
    OtherModels: _Rule(503, "models-mismatch", _OTHER_MODELS),
    ModelMismatch: _Rule(503, "models-refused", "the models refuse this service; its log says why"),
    ClientDisconnect: _Rule(400, "caller-gone"),
}
"""Subclasses stand before their base class."""


def problem_of(error: Exception) -> Problem:
    """The answer for an error; one that has no rule is logged as a bug."""
    if isinstance(error, Problem):
        return error
    rule = next((rule for kind, rule in _RULES.items() if isinstance(error, kind)), None)
    if rule is None:
        log.error("unexpected: %s", error, exc_info=error)
        return Problem(500, "internal-error", "an error of this service; it has been logged")
    if rule.detail is not None:
        log.warning("%s: %s", rule.kind, error)
    problem = Problem(rule.status, rule.kind, rule.detail or str(error), rule.field, None, rule.state, rule.retry_s)
    if isinstance(error, QueryInvalid):
        problem.field = _field_of(str(error))
    if isinstance(error, FetchFailed):
        problem.retry_after_s = error.retry_after_s or rule.retry_s
    return problem


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem."""

    async def answer(_request: Request, error: Exception) -> Response:
        return problem_response(problem_of(error))

    async def answer_validation(_request: Request, error: RequestValidationError) -> Response:
        return problem_response(_validation_problem(error))

    async def answer_http(_request: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.BAD_REQUEST:  # FastAPI's answer to a body that is not UTF-8
            return problem_response(Problem(422, "invalid-request", f"body: {error.detail}", field="body"))
        kind = _HTTP_KINDS.get(error.status_code) or HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        response = problem_response(Problem(error.status_code, kind, str(error.detail)))
        response.headers.update(error.headers or {})
        return response

    # Starlette raises again what only the handler of Exception has answered, as a bug: so expected kinds are named.
    kinds: tuple[type[Exception], ...] = (Problem, *_RULES, Exception)
    for kind in kinds:
        app.exception_handler(kind)(answer)
    app.exception_handler(RequestValidationError)(answer_validation)
    app.exception_handler(HTTPException)(answer_http)


def _validation_problem(error: RequestValidationError) -> Problem:
    """Names the first parameter that is wrong."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"] if part not in ("query", "path", "body", "header")) or "body"
    name = name[:_SHOWN]
    message = str(first["msg"]).removeprefix("Value error, ")
    given = "" if first["type"] in ("missing", "json_invalid") else f" (given: {first.get('input')!r:.{_SHOWN}})"
    return Problem(422, "invalid-request", f"{name}: {message}{given}", field=name)


def _field_of(message: str) -> str | None:
    """The parameter that a QueryInvalid names at its beginning."""
    name, separator, _ = message.partition(" = ")
    return name if separator and name.isidentifier() else None
