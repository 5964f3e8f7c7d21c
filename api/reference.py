"""The read service's section of docs/configuration.md: ``python -m api reference --write``."""

from typing import Final

from api.settings import ApiSettings
from settings.reference import tables

_SHARED: Final = ("kafka", "triton", "milvus", "fetch")


def reference() -> str:
    return tables(ApiSettings, "The read service", shared=_SHARED)
