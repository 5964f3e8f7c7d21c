"""The processes' parts of docs/configuration.md."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from settings.reference import tables
from streams.canary.settings import CanarySettings
from streams.watch.settings import WatchSettings
from streams.worker.settings import WorkerSettings

PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "worker": partial(tables, WorkerSettings, "The worker"),
    "watch": partial(tables, WatchSettings, "The watch", shared=("kafka",)),
    "canary": partial(tables, CanarySettings, "The canary", shared=("kafka", "milvus")),
}
