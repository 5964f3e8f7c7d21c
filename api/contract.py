"""The HTTP contract as a document: ``python -m api openapi``; schemas/openapi.json holds it, a test compares."""

from pathlib import Path
from typing import Any, Final

from api.app import application
from api.backends import backends
from api.settings import ApiSettings
from schemas.snapshots import FOLDER
from schemas.snapshots import rendered as as_file

FILE: Final[Path] = FOLDER / "openapi.json"


def contract() -> dict[str, Any]:
    """What OpenAPI says of every endpoint; the same whatever the settings."""
    return application(ApiSettings.model_construct(), backends).openapi()


def rendered() -> str:
    """The same as its file holds it."""
    return as_file(contract())
