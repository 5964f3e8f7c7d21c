"""The processes' parts of docs/configuration.md."""

from collections.abc import Callable, Mapping
from typing import Final

from settings.reference import tables
from streams.canary.settings import CanarySettings
from streams.watch.settings import WatchSettings
from streams.worker.settings import WorkerSettings


def worker() -> str:
    return tables(WorkerSettings, "The worker")


def watch() -> str:
    return tables(WatchSettings, "The watch", shared=("kafka",))


def canary() -> str:
    return tables(CanarySettings, "The canary", shared=("kafka", "milvus"))


PARTS: Final[Mapping[str, Callable[[], str]]] = {"worker": worker, "watch": watch, "canary": canary}
