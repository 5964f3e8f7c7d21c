"""These processes' parts of the configuration reference: ``python -m streams reference``."""

from collections.abc import Callable, Mapping
from typing import Final

from settings.reference import tables
from streams.canary.settings import CanarySettings
from streams.watch.settings import WatchSettings
from streams.worker.settings import WorkerSettings


def worker() -> str:
    """Markdown: one table for each group of the worker's settings."""
    return tables(WorkerSettings, "The worker")


def watch() -> str:
    """The same of the watch."""
    return tables(WatchSettings, "The watch", shared=("kafka",))


def canary() -> str:
    """The same of the canary."""
    return tables(CanarySettings, "The canary", shared=("kafka", "milvus"))


PARTS: Final[Mapping[str, Callable[[], str]]] = {"worker": worker, "watch": watch, "canary": canary}
