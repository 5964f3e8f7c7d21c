"""The read service's part of the configuration reference: ``python -m api reference``."""

from typing import Final

from api.settings import ApiSettings
from settings.reference import tables

_SHARED: Final = ("kafka", "triton", "milvus", "fetch")


def reference() -> str:
    """Markdown: one table for each group of settings of its own."""
    return tables(ApiSettings, "The read service", shared=_SHARED)
