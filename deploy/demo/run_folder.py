"""The folder of one run; removes the folders of killed runs."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from deploy.local import state
from deploy.local.errors import BadOption

_YOUNG_S: Final = 60.0


@contextmanager
def run_folder(out: Path, *, keep: bool) -> Iterator[Path]:
    """A folder for one run's state below ``out``; first ends the processes of killed runs and removes their folders.

    Afterwards the logs are in ``out/logs``, even after a failure; the rest is removed unless ``keep``.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        for old in out.glob("run-*"):
            _remove_stale(old)
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=out))
    except OSError as exc:
        raise BadOption(f"--out {out}: {exc.strerror}; choose a folder that can be written") from exc
    try:
        yield folder
    finally:
        if (folder / "logs").is_dir():
            shutil.rmtree(out / "logs", ignore_errors=True)
            shutil.copytree(folder / "logs", out / "logs")
        if keep:
            folder.rename(out / f"kept-{datetime.now():%Y%m%d-%H%M%S}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_stale(folder: Path) -> None:
    """Remove a run's folder unless its launcher still runs."""
    record = state.read(folder)
    if record is None and time.time() - folder.stat().st_mtime < _YOUNG_S:
        return  # another demo is about to use it
    if record is not None:
        if state.is_running(record.launcher):
            return
        state.end_processes(record)
    shutil.rmtree(folder, ignore_errors=True)
