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
from deploy.local.process import Child, Spawner
from deploy.local.selection import CHECKOUT, StackOptions, choose_parts
from deploy.local.state import PartRecord, StackRecord

__all__ = ["LocalStack", "StackOptions"]

_CHECK_EVERY_S: Final = 0.05
_SAVE_EVERY_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class _Slot:
    part: Part
    record: PartRecord
    child: Child | None = None


class LocalStack:
    """Real servers as children of this process; they end with it, even if it is killed.

    Methods may be called from any thread. Ports and data are kept for the object's life, so a killed part
    comes back at the same address with the same data. It lives once: after ``down`` make another one.
    """

    def __init__(self, options: StackOptions | None = None) -> None:
        self._options = options or StackOptions()
        self.root = self._options.root.absolute()
        self.stack_id = f"pinstream-{secrets.token_hex(6)}"
        self._slots: dict[str, _Slot] = {}
        self._changing = RLock()
        self._saved_at_s = 0.0
        self._aborted = Event()
        self._spawner = Spawner(self.stack_id)
        self._lock: io.BufferedWriter | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    @property
    def endpoints(self) -> Endpoints:
        """Where everything is; the same for the life of this object."""
        addresses: dict[str, str] = {}
        for slot in list(self._slots.values()):
            addresses.update(slot.part.addresses)
        return Endpoints(**addresses)

    @property
    def records(self) -> tuple[PartRecord, ...]:
        """The parts as they are now; a part that ended by itself is ``dead``."""
        return tuple(state.as_it_is(slot.record) for slot in list(self._slots.values()))

    def up(self) -> None:
        """Start everything in parallel; blocks until every part passed its check.

        Raises StackError, with the part's last log lines, as soon as one part fails; nothing is left then.
        """
        self._own_root()
        try:
            self._slots = {
                part.name: _Slot(part, PartRecord(part.name, "starting"))
                for part in choose_parts(self._options, stack_id=self.stack_id)
            }
            self._save()
            self._keeper = self._start_keeper()
            self._start_all()
        except BaseException:
            self.down()
            raise

    def abort(self) -> None:
        """Make an ``up`` that another thread is in give up soon; it raises Aborted there."""
        self._aborted.set()

    def down(self) -> None:
        """End everything; blocks until nothing is left. Safe to repeat."""
        self._aborted.set()
        if self._slots:
            with ThreadPoolExecutor(len(self._slots)) as pool:
                list(pool.map(self.stop, list(self._slots)))
        self._spawner.close()
        state.remove_shared_memory(self.stack_id)
        if self._keeper is not None and self._keeper.stdin is not None:
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def start(self, name: str) -> None:
        """Start a part that was stopped, killed or died; blocks until it passed its check."""
        slot = self._slot(name)
        if slot.child is not None and slot.child.exit_code() is None:
            return
        if slot.child is not None:
            slot.child.kill()
            slot.part.clean_up()
        self._put(name, PartRecord(name, "starting"))
        launch = slot.part.prepare(lambda text, share: self._report(name, text, share))
        if launch is None:
            self._await_ready(slot.part, None)
            self._put(name, PartRecord(name, "elsewhere"))
            return
        log = self.root / "logs" / f"{name}.log"
        child = self._spawner.spawn(launch, log)
        running = PartRecord(
            name, "starting", pid=child.pid, created_at_s=child.created_at_s, argv=child.argv, log=str(log)
        )
        self._put(name, running, child)
        self._await_ready(slot.part, child)
        self._put(name, replace(running, state="ready"))

    def kill(self, name: str) -> None:
        """SIGKILL a part and everything it started; blocks until it is gone. Its data stays."""
        slot = self._slot(name)
        if slot.child is None:
            raise BadOption(f"{name} was not started by this stack, which will not kill it")
        slot.child.kill()
        slot.part.clean_up()
        self._put(name, replace(slot.record, state="stopped"))

    def stop(self, name: str) -> None:
        """End a part as its operator would; blocks until it is gone. Its data stays."""
        slot = self._slot(name)
        if slot.record.state == "elsewhere":
            return
        if slot.child is not None:
            if slot.record.state == "starting":
                slot.child.kill()  # nobody has used it yet, and half started it may not listen
            else:
                slot.child.stop(grace_s=slot.part.stop_grace_s)
            slot.part.clean_up()
        self._put(name, replace(slot.record, state="stopped"))

    def _start_all(self) -> None:
        if not self._slots:
            raise BadOption("nothing to start: every part is `none`")
        with ThreadPoolExecutor(len(self._slots)) as pool:
            starting = [pool.submit(self.start, name) for name in self._slots]
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
        raise Aborted(f"{part.name}: its start was given up")

    def _slot(self, name: str) -> _Slot:
        if name not in self._slots:
            raise BadOption(f"no part is called {name!r}; this stack has {', '.join(self._slots) or 'none'}")
        return self._slots[name]

    def _report(self, name: str, doing: str, done_share: float | None) -> None:
        """Keep what a part says it does; ends its preparation when the start was aborted."""
        if self._aborted.is_set():
            raise Aborted(f"{name}: its start was given up")
        with self._changing:
            slot = self._slots[name]
            self._slots[name] = replace(slot, record=replace(slot.record, doing=doing, done_share=done_share))
            if time.monotonic() - self._saved_at_s > _SAVE_EVERY_S:
                self._save()

    def _put(self, name: str, record: PartRecord, child: Child | None = None) -> None:
        with self._changing:
            slot = self._slots[name]
            self._slots[name] = replace(slot, record=record, child=child or slot.child)
            self._save()

    def _save(self) -> None:
        self._saved_at_s = time.monotonic()
        parts = tuple(slot.record for slot in self._slots.values())
        state.write(self.root, StackRecord(self.stack_id, state.this_process(), self.endpoints, parts))

    def _own_root(self) -> None:
        """Take the folder for this process, and end what an earlier, killed stack left in it."""
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
            state.finish(stale)

    def _start_keeper(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            (sys.executable, "-m", "deploy.local.reaper", str(self.root), self.stack_id),
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
