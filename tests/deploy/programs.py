"""What a deployment may tell the programs, and call them by."""

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from api.settings import ApiSettings
from settings.environment import PREFIX, ProcessSettings
from streams.settings import WorkerSettings

SETTINGS: dict[tuple[str, ...], type[ProcessSettings]] = {
    ("streams", "worker"): WorkerSettings,
    ("streams", "init"): WorkerSettings,
    ("api",): ApiSettings,
}
"""By the first words of a command."""
COMMANDS_OPTIONS = {"PINSTREAM_MILVUS", "PINSTREAM_MILVUS_TOKEN", "PINSTREAM_KAFKA"}
"""What `python -m index` reads."""


def wrong_settings(command: Iterable[str], environment: dict[str, Any]) -> list[str]:
    """Names of pinstream's in ``environment`` that the program of ``command`` does not know."""
    words = tuple(command)
    known = next((found for first, found in SETTINGS.items() if words[: len(first)] == first), None)
    names = [name for name in environment if name.startswith(PREFIX) and name not in COMMANDS_OPTIONS]
    if known is None:
        return []
    shared = set(ProcessSettings.model_fields)
    return [name for name in names if not _is_field(known, name) and name not in shared]


def _is_field(settings: type[BaseModel], name: str) -> bool:
    group, _, field = re.sub(f"^{PREFIX}", "", name).lower().partition("__")
    found = settings.model_fields.get(group)
    if found is None:
        return False
    return not field or (isinstance(found.default, BaseModel) and field in type(found.default).model_fields)
