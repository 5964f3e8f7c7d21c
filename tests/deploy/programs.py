"""Which settings a deployment may give to which program."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from api.settings import ApiSettings
from settings.environment import PREFIX, ProcessSettings
from streams.canary.settings import CanarySettings
from streams.watch.settings import WatchSettings
from streams.worker.settings import WorkerSettings

SETTINGS: dict[tuple[str, ...], type[ProcessSettings]] = {
    ("streams", "worker"): WorkerSettings,
    ("streams", "init"): WorkerSettings,
    ("streams", "watch"): WatchSettings,
    ("streams", "canary"): CanarySettings,
    ("api",): ApiSettings,
}
"""By the first words of its command."""
OPTIONS = {"PINSTREAM_MILVUS", "PINSTREAM_MILVUS_TOKEN", "PINSTREAM_KAFKA"}
"""What `python -m index` reads."""


def wrong_settings(command: Iterable[str], environment: Mapping[str, object]) -> list[str]:
    """Names of pinstream's in ``environment`` that the program of ``command`` does not know.

    All programs share an environment: a group of settings that is not the program's may be another one's.
    """
    words = tuple(command)
    known = next((found for first, found in SETTINGS.items() if words[: len(first)] == first), None)
    names = [name for name in environment if name.startswith(PREFIX) and name not in OPTIONS]
    return [name for name in names if not _is_known(name, known)]


def _is_known(name: str, settings: type[BaseModel] | None) -> bool:
    group, _, field = name.removeprefix(PREFIX).lower().partition("__")
    if settings is None or group not in settings.model_fields:
        return any(_is_known(name, each) for each in SETTINGS.values() if group in each.model_fields)
    default = settings.model_fields[group].default
    return not field or (isinstance(default, BaseModel) and field in type(default).model_fields)
