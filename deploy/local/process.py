"""One server as a child process with its own process group and its own log file; the whole group is ended at once."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from deploy.local.errors import PartFailed

CHECKOUT: Final = Path(__file__).parents[2]
STACK_VARIABLE: Final = "PINSTREAM_STACK"
"""Set in every child's environment to the stack's id, which distinguishes our leftovers from other processes."""
_DIE_WITH_PARENT: Final = Path(__file__).with_name("die_with_parent.py")
_POLL_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Launch:
    """A program to start: command line, what to add to the environment, working folder."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path


class Spawner:
    """Starts children from one thread that lives as long as the stack.

    The kernel ends a child when the *thread* that started it ends (see ``die_with_parent``), so the short-lived threads
    that start parts in parallel must not start the processes themselves.
    """

    def __init__(self, stack_id: str) -> None:
        self._stack_id = stack_id
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

    def spawn(self, launch: Launch, log: Path) -> "Child":
        """The running program; its output is appended to ``log``."""
        return self._thread.submit(self._spawn, launch, log).result()

    def close(self) -> None:
        """End the thread, and with it any child that still runs."""
        self._thread.shutdown()

    def _spawn(self, launch: Launch, log: Path) -> "Child":
        log.parent.mkdir(parents=True, exist_ok=True)
        settings = (f"{key}={value}" for key, value in launch.env.items())
        wrapper = (sys.executable, "-I", "-S", str(_DIE_WITH_PARENT), str(os.getpid()), *settings, "--")
        with log.open("ab") as output:
            popen = subprocess.Popen(
                (*wrapper, *launch.argv),
                cwd=launch.cwd,
                env={**os.environ, STACK_VARIABLE: self._stack_id},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Child(popen, launch.argv, log)


class Child:
    """A started program and everything that it started."""

    def __init__(self, popen: "subprocess.Popen[bytes]", argv: tuple[str, ...], log: Path) -> None:
        self._popen = popen
        self.pid = popen.pid
        self.argv = argv
        self.log = log
        self.created_at_s = psutil.Process(popen.pid).create_time()

    def exit_code(self) -> int | None:
        """How it ended (negative: by that signal), None while it runs.

        The zombie is not reaped, so that the number of its process group is not given to another process.
        """
        if self._popen.returncode is not None:
            return self._popen.returncode
        try:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # another thread has reaped it
            return self._popen.poll()
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def stop(self, *, grace_s: float) -> None:
        """Ask it to end, wait ``grace_s``, then kill its whole group. Blocks until it has ended."""
        if self.exit_code() is None:
            os.kill(self.pid, signal.SIGTERM)
            deadline = time.monotonic() + grace_s
            while self.exit_code() is None and time.monotonic() < deadline:
                time.sleep(_POLL_S)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to its whole group. Blocks until it has ended; safe to repeat."""
        if self._popen.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):  # another thread has reaped it
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def log_tail(self, *, lines: int = 15) -> str:
        return tail(self.log, lines=lines)


def tail(path: Path, *, lines: int) -> str:
    """The last ``lines`` lines of a text file, empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - lines * 400, 0))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return ""


def run_to_end(argv: tuple[str, ...], *, what: str, timeout_s: float = 60.0) -> None:
    """Run a tool that ends by itself; raises PartFailed with its last lines when it does not succeed."""
    try:
        done = subprocess.run(argv, capture_output=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as exc:
        raise PartFailed(f"{what} took more than {timeout_s:.0f} s") from exc
    if done.returncode:
        lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()[-15:]
        raise PartFailed("\n".join([f"{what} failed with status {done.returncode}:", *lines]))
