"""The whole stack as one object: start it, kill and restart its parts, end it.

with LocalStack(StackOptions(root=folder)) as stack:
    stack.endpoints.kafka
    stack.kill("kafka")
    stack.start("kafka")
"""

import fcntl
import io
import secrets
import subprocess
import sys
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event, RLock
from types import TracebackType
from typing import Final, Self

from deploy.local import state
from deploy.local.errors import Aborted, AlreadyRunning, BadOption, NotReady, PartFailed
from deploy.local.parts.part import Endpoints, Part
from deploy.local.process import CHECKOUT, Child, Spawner
from deploy.local.selection import StackOptions, choose_parts
from deploy.local.state import PartRecord, StackRecord

__all__ = ["LocalStack", "StackOptions"]

_CHECK_EVERY_S: Final = 0.05
_SAVE_EVERY_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class _StackPart:
    part: Part
    record: PartRecord
    child: Child | None = None


class LocalStack:
    """Real servers as children of this process; they end with it, even if it is killed.

    Methods may be called from any thread. Ports and data are kept for the object's life, so a killed part
    comes back at the same address with the same data. After ``down``, use a new object.
    """

    def __init__(self, options: StackOptions | None = None) -> None:
        self._options = options or StackOptions()
        self.root = self._options.root.absolute()
        self.stack_id = f"pinstream-{secrets.token_hex(6)}"
        self._parts: dict[str, _StackPart] = {}
        self._changing = RLock()
        self._saved_at_s = 0.0
        self._aborted = Event()
        self._spawner = Spawner(self.stack_id)
        self._lock: io.BufferedWriter | None = None
        self._reaper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def endpoints(self) -> Endpoints:
        """Where everything is; does not change during the life of this object."""
        addresses: dict[str, str] = {}
        for entry in list(self._parts.values()):
            addresses.update(entry.part.addresses)
        return Endpoints(**addresses)

    @property
    def records(self) -> tuple[PartRecord, ...]:
        """The parts as they are now; a part that ended by itself is ``dead``."""
        return tuple(state.with_current_state(entry.record) for entry in list(self._parts.values()))

    def up(self) -> None:
        """Start everything in parallel; blocks until every part passed its check.

        Raises StackError, with the part's last log lines, as soon as one part fails; nothing is left then.
        """
        self._own_root()
        try:
            self._parts = {
                part.name: _StackPart(part, PartRecord(part.name, "starting"))
                for part in choose_parts(self._options, stack_id=self.stack_id)
            }
            self._save()
            self._reaper = self._start_reaper()
            self._start_all()
        except BaseException:
            self.down()
            raise

    def abort(self) -> None:
        """Make an ``up`` that runs in another thread raise Aborted soon."""
        self._aborted.set()

    def down(self) -> None:
        """End everything; blocks until nothing runs. Safe to repeat."""
        self._aborted.set()
        if self._parts:
            with ThreadPoolExecutor(len(self._parts)) as pool:
                list(pool.map(self.stop, list(self._parts)))
        self._spawner.close()
        state.remove_shared_memory(self.stack_id)
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.close()
            self._reaper.wait()
            self._reaper = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def start(self, name: str) -> None:
        """Start a part that was stopped or killed, or has ended; blocks until it passed its check."""
        entry = self._find(name)
        if entry.child is not None and entry.child.exit_code() is None:
            return
        if entry.child is not None:
            entry.child.kill()
            entry.part.clean_up()
        self._put(name, PartRecord(name, "starting"))
        launch = entry.part.prepare(lambda text, share: self._record_progress(name, text, share))
        if launch is None:
            self._await_ready(entry.part, None)
            self._put(name, PartRecord(name, "external"))
            return
        log = self.root / "logs" / f"{name}.log"
        child = self._spawner.spawn(launch, log)
        running = PartRecord(
            name, "starting", pid=child.pid, created_at_s=child.created_at_s, argv=child.argv, log=str(log)
        )
        self._put(name, running, child)
        self._await_ready(entry.part, child)
        self._put(name, replace(running, state="ready"))

    def kill(self, name: str) -> None:
        """SIGKILL a part and everything it started; blocks until it has ended. Its data stays."""
        entry = self._find(name)
        if entry.child is None:
            raise BadOption(f"{name} was not started by this stack, so the stack cannot kill it")
        entry.child.kill()
        entry.part.clean_up()
        self._put(name, replace(entry.record, state="stopped"))

    def stop(self, name: str) -> None:
        """Stop a part gracefully; blocks until it has ended. Its data stays."""
        entry = self._find(name)
        if entry.record.state == "external":
            return
        if entry.child is not None:
            if entry.record.state == "starting":
                entry.child.kill()  # it may not react to SIGTERM before it is ready, and has no data to lose
            else:
                entry.child.stop(grace_s=entry.part.stop_grace_s)
            entry.part.clean_up()
        self._put(name, replace(entry.record, state="stopped"))

    def _start_all(self) -> None:
        if not self._parts:
            raise BadOption("nothing to start: every part is `none`")
        with ThreadPoolExecutor(len(self._parts)) as pool:
            starting = [pool.submit(self.start, name) for name in self._parts]
            try:
                done, _ = wait(starting, return_when=FIRST_EXCEPTION)
                for started in done:
                    started.result()
            except BaseException:  # Ctrl-C too: the others must not be waited for
                self._aborted.set()
                raise

    def _await_ready(self, part: Part, child: Child | None) -> None:
        """Check until it passes; raises PartFailed at once when the process ends meanwhile."""
        deadline = time.monotonic() + part.ready_timeout_s
        while not self._aborted.is_set():
            if child is not None and (code := child.exit_code()) is not None:
                raise PartFailed(f"{part.name} ended with status {code} while starting:\n{child.log_tail()}")
            try:
                part.check()
            except NotReady as exc:
                if time.monotonic() > deadline:
                    waited = f"{part.name} was not ready after {part.ready_timeout_s:.0f} s: {exc}"
                    raise PartFailed(f"{waited}\n{child.log_tail()}" if child else waited) from exc
                self._aborted.wait(_CHECK_EVERY_S)
            else:
                return
        raise Aborted(f"{part.name}: its start was aborted")

    def _find(self, name: str) -> _StackPart:
        if name not in self._parts:
            raise BadOption(f"no part is called {name!r}; this stack has {', '.join(self._parts) or 'none'}")
        return self._parts[name]

    def _record_progress(self, name: str, doing: str, done_share: float | None) -> None:
        """Record a part's progress; raises Aborted if the start was aborted."""
        if self._aborted.is_set():
            raise Aborted(f"{name}: its start was aborted")
        with self._changing:
            entry = self._parts[name]
            self._parts[name] = replace(entry, record=replace(entry.record, doing=doing, done_share=done_share))
            if time.monotonic() - self._saved_at_s > _SAVE_EVERY_S:
                self._save()

    def _put(self, name: str, record: PartRecord, child: Child | None = None) -> None:
        with self._changing:
            entry = self._parts[name]
            self._parts[name] = replace(entry, record=record, child=child or entry.child)
            self._save()

    def _save(self) -> None:
        self._saved_at_s = time.monotonic()
        parts = tuple(entry.record for entry in self._parts.values())
        state.write(self.root, StackRecord(self.stack_id, state.this_process(), self.endpoints, parts))

    def _own_root(self) -> None:
        """Lock the folder for this process, and end what an earlier, killed stack left."""
        self.root.mkdir(parents=True, exist_ok=True)
        lock = (self.root / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            owner = state.read(self.root)
            pid = owner.launcher.pid if owner else "?"
            raise AlreadyRunning(
                f"a stack runs from {self.root} already (launcher {pid}). "
                "End it with `python -m deploy.local down`, or choose another folder with --root."
            ) from None
        self._lock = lock
        stale = state.read(self.root)
        if stale is not None:
            state.end_processes(stale)

    def _start_reaper(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            (sys.executable, "-m", "deploy.local.reaper", str(self.root), self.stack_id),
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
