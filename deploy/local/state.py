"""``stack.json``: where everything is and what runs, for other programs and for the reaper."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psutil

from deploy.local.parts.part import Endpoints
from deploy.local.process import STACK_VARIABLE

FILE: Final = "stack.json"
LAUNCHER: Final = "launcher"
_POLL_S: Final = 0.05
_EXEC_TIMEOUT_S: Final = 1.0
SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 (where POSIX puts it)


@dataclass(frozen=True, slots=True)
class PartRecord:
    """One part as last seen by its launcher."""

    name: str
    state: str
    """``starting``, ``ready``, ``stopped``, ``dead`` (ended by itself) or ``external``."""
    doing: str = ""
    """What it does while it starts, in words."""
    done_share: float | None = None
    """How much of that is done, 0..1, where that is known."""
    pid: int = 0
    created_at_s: float = 0.0
    """The kernel's start time of the process, in seconds since 1970: identifies it, with the command line."""
    argv: tuple[str, ...] = ()
    log: str = ""


@dataclass(frozen=True, slots=True)
class StackRecord:
    """One run of a stack."""

    stack_id: str
    launcher: PartRecord
    """The program that started the parts; while it runs, nothing else ends them."""
    endpoints: Endpoints = field(default_factory=Endpoints)
    parts: tuple[PartRecord, ...] = ()


def write(root: Path, record: StackRecord) -> None:
    """Replace ``stack.json`` in one step, so that no reader sees half of it."""
    partial = root / f".{FILE}.{os.getpid()}"
    partial.write_text(json.dumps(asdict(record), indent=2) + "\n")
    partial.replace(root / FILE)


def read(root: Path) -> StackRecord | None:
    """The last run from ``root``, running or not; None if there never was one, or it cannot be read."""
    try:
        raw: dict[str, Any] = json.loads((root / FILE).read_text())
        return StackRecord(
            stack_id=raw["stack_id"],
            launcher=_part(raw["launcher"]),
            endpoints=Endpoints(**raw["endpoints"]),
            parts=tuple(_part(part) for part in raw["parts"]),
        )
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
        return None


def is_running(part: PartRecord) -> bool:
    """Whether the recorded process still is the one that was started."""
    process = _leader(part)
    return process is not None and process.status() != psutil.STATUS_ZOMBIE


def with_current_state(part: PartRecord) -> PartRecord:
    """The record, with ``dead`` for a part that should run and does not."""
    should_run = part.state == "ready" or (part.state == "starting" and part.pid)
    return replace(part, state="dead") if should_run and not is_running(part) else part


def end_processes(record: StackRecord, *, grace_s: float = 3.0) -> list[str]:
    """End what is left of a run and remove its shared memory; returns the names of the parts that still ran.

    Knows processes by number, start time and command line, and their orphans by process group and the
    stack's id in their environment: never by name. Safe to repeat.
    """
    left = [part.name for part in record.parts if is_running(part)]
    for sent, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
        for process in _processes(record):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(sent)
        deadline = time.monotonic() + wait_s
        while any(_processes(record)) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    remove_shared_memory(record.stack_id)
    return left


def end_stack(root: Path, *, launcher_grace_s: float = 40.0) -> list[str]:
    """End the stack of a folder, or what is left of it; returns the names of the parts that ran."""
    record = read(root)
    if record is None:
        return []
    running = [part.name for part in record.parts if is_running(part)]
    launcher = _leader(record.launcher)
    if launcher is not None and launcher.pid != os.getpid():
        with contextlib.suppress(psutil.NoSuchProcess):
            launcher.terminate()  # it stops each part gracefully
            if psutil.wait_procs([launcher], timeout=launcher_grace_s)[1]:
                launcher.kill()
    end_processes(record)
    stopped = tuple(replace(part, state="stopped") if part.pid else part for part in record.parts)
    write(root, replace(record, parts=stopped))
    return running


def remove_shared_memory(stack_id: str) -> None:
    """Unlink the shared-memory segments whose names start with the stack's id."""
    for segment in SHARED_MEMORY.glob(f"{stack_id}*"):
        segment.unlink(missing_ok=True)


def this_process() -> PartRecord:
    """The calling process, recorded as a launcher."""
    me = psutil.Process()
    return PartRecord(LAUNCHER, "ready", pid=me.pid, created_at_s=me.create_time(), argv=tuple(me.cmdline()))


def _part(raw: dict[str, Any]) -> PartRecord:
    return PartRecord(**{**raw, "argv": tuple(raw["argv"])})


def _processes(record: StackRecord) -> Iterator[psutil.Process]:
    """What still runs of a stack; a zombie has no environment, so it counts as gone."""
    groups = {part.pid for part in record.parts if part.pid}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(process.pid) in groups and process.environ().get(STACK_VARIABLE) == record.stack_id:
                yield process


def _leader(part: PartRecord) -> psutil.Process | None:
    if not part.pid:
        return None
    try:
        process = psutil.Process(part.pid)
        same = abs(process.create_time() - part.created_at_s) < 1.0
        return process if same and _command_line(process)[-len(part.argv) :] == part.argv else None
    except psutil.Error:
        return None


def _command_line(process: psutil.Process) -> tuple[str, ...]:
    """Its arguments. During execve a process has none for a moment: wait for them."""
    deadline = time.monotonic() + _EXEC_TIMEOUT_S
    while not (shown := process.cmdline()) and time.monotonic() < deadline:
        time.sleep(_POLL_S / 10)
    return tuple(shown)
