"""The OpenAPI document, kept in schemas/openapi.json: ``python -m api openapi --write``; a test compares."""

from pathlib import Path
from typing import Any, Final

from api.app import create_app
from api.backends import connect_backends
from api.settings import ApiSettings
from schemas.snapshots import FOLDER, to_json

FILE: Final[Path] = FOLDER / "openapi.json"


def openapi_document() -> dict[str, Any]:
    """Does not depend on the settings."""
    return create_app(ApiSettings.model_construct(), connect_backends).openapi()


def openapi_json() -> str:
    """The document as its file holds it."""
    return to_json(openapi_document())
