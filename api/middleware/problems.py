"""Error answers as problem details (RFC 9457), and their part of the OpenAPI document."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import orjson
from fastapi import Response
from pydantic import BaseModel, Field

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:pinstream:problem:"


@dataclass
class Problem(Exception):
    """An error answer; ``kind`` is the end of its type URI."""

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
    """An error answer (RFC 9457)."""

    type: str = Field(
        description=f"`{TYPE_PREFIX}<kind>`; what programs should compare", examples=[TYPE_PREFIX + "pin-unknown"]
    )
    title: str = Field(description="the kind in words")
    status: int = Field(description="the HTTP status")
    detail: str = Field(description="what is wrong this time: the value and what is allowed, or what to do")
    field: str | None = Field(None, description="the parameter that is wrong")
    pin_id: str | None = Field(None, description="the pin that the problem is about")
    state: str | None = Field(None, description="why a pin is missing: unknown, deleted, not-indexed-yet or dead")


def problem_response(problem: Problem, extra: Mapping[str, object] = MappingProxyType({})) -> Response:
    """The answer for ``problem``, with ``extra`` members in its body."""
    body = {
        "type": TYPE_PREFIX + problem.kind,
        "title": problem.kind.replace("-", " ").capitalize(),
        "status": problem.status,
        "detail": problem.detail,
    }
    optional = {"field": problem.field, "pin_id": problem.pin_id, "state": problem.state}
    body |= {name: value for name, value in optional.items() if value is not None}
    body |= extra
    headers = {"Cache-Control": "no-store"}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status == HTTPStatus.REQUEST_TIMEOUT:
        headers["Connection"] = "close"  # or the rest of the body would go on arriving
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(max(math.ceil(problem.retry_after_s), 1))
    return Response(orjson.dumps(body), status_code=problem.status, headers=headers, media_type=MEDIA_TYPE)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For FastAPI's ``responses``: these statuses, and 401, answer with a problem."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content} for status in sorted({401, *statuses})
    }


def document_problems(document: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document with ProblemBody instead of FastAPI's own errors, and with API keys."""
    components = document.setdefault("components", {})
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "needed if the service has API keys"}
    }
    document["security"] = [{}, {"key": []}]
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["ProblemBody"] = ProblemBody.model_json_schema()
    return document
