"""The worker's part of the configuration reference: ``python -m streams reference``."""

from settings.reference import tables
from streams.settings import WorkerSettings


def reference() -> str:
    """Markdown: one table for each group of settings."""
    return tables(WorkerSettings, "The worker")
