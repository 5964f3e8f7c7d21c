"""The user's cache folder: what is downloaded or unpacked once per machine, shared by all stacks."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import Prerequisite

Progress = Callable[[str, float | None], None]
"""Called with what a part does now, and how much of it is done (0..1) or None."""


def cache_dir() -> Path:
    """``$XDG_CACHE_HOME/pinstream``, else ``~/.cache/pinstream``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pinstream"


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Hold a lock on ``folder``, so that one process at a time fills it; blocks while another does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def need_free_space(folder: Path, *, megabytes: int, what: str) -> None:
    """Raise Prerequisite if the disk of ``folder`` has less than that free."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free // 2**20
    if free < megabytes:
        raise Prerequisite(f"{what} needs {megabytes} MB on the disk of {existing}, where {free} MB are free.")
