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
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, RLock
from types import TracebackType
from typing import Final, Self

from deploy.local import state
from deploy.local.errors import AlreadyRunning, BadOption, NotReady, PartFailed, StackError
from deploy.local.parts import Endpoints, Part
from deploy.local.pictures import Pictures
from deploy.local.process import Child, Spawner, tail
from deploy.local.selection import StackOptions, choose_parts
from deploy.local.state import PartRecord, StackRecord

__all__ = ["LocalStack", "StackOptions"]

Watcher = Callable[[str, str, float | None], None]
"""Told a part's name, what it does now, and how much of that is done (0..1) where known."""

_CHECK_EVERY_S: Final = 0.05
_CHECKOUT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class _Slot:
    part: Part
    record: PartRecord
    child: Child | None = None


def _silent(_name: str, _text: str, _share: float | None) -> None:
    """Watch nothing."""


class LocalStack:
    """Real servers as children of this process; they end with it, even if it is killed.

    Methods may be called from any thread. Ports and data are kept for the object's life, so a killed part
    comes back at the same address with the same data.
    """

    def __init__(self, options: StackOptions | None = None, *, watch: Watcher = _silent) -> None:
        self._options = options or StackOptions()
        self.root = self._options.root.absolute()
        self._watch = watch
        self._id = f"pinstream-{secrets.token_hex(6)}"
        self._slots: dict[str, _Slot] = {}
        self._changing = RLock()
        self._aborted = Event()
        self._spawner = Spawner(self._id)
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
        for slot in self._slots.values():
            addresses.update(slot.part.addresses)
        return Endpoints(**addresses)

    @property
    def records(self) -> tuple[PartRecord, ...]:
        """The parts as they are now; a part that ended by itself is ``dead``."""
        return tuple(self._seen(slot) for slot in self._slots.values())

    def up(self) -> None:
        """Start everything in parallel; blocks until every part passed its check.

        Raises StackError, with the part's last log lines, as soon as one part fails; nothing is left then.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        self._own_root()
        try:
            self._slots = {
                part.name: _Slot(part, PartRecord(part.name, "starting"))
                for part in choose_parts(self._options, stack_id=self._id)
            }
            self._save()
            self._keeper = self._start_keeper()
            self._start_all()
        except BaseException:
            self.down()
            raise

    def down(self) -> None:
        """End everything; blocks until nothing is left. Safe to repeat."""
        self._aborted.set()
        with ThreadPoolExecutor(max(len(self._slots), 1)) as pool:
            list(pool.map(self.stop, list(self._slots)))
        self._spawner.close()
        state.remove_shared_memory(self._id)
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
        self._put(name, state="starting")
        launch = slot.part.prepare(lambda text, share: self._watch(name, text, share))
        if launch is None:
            self._await_ready(slot.part, None)
            self._put(name, state="elsewhere")
            return
        log = self.root / "logs" / f"{name}.log"
        self._watch(name, "starting", None)
        child = self._spawner.spawn(launch, log)
        with self._changing:
            record = PartRecord(name, "starting", child.pid, child.created_at_s, child.argv, str(log))
            self._slots[name] = _Slot(slot.part, record, child)
            self._save()
        self._await_ready(slot.part, child)
        self._put(name, state="ready")
        self._watch(name, "ready", None)

    def serve_pictures(self, folder: Path) -> str:
        """The URL below which the files of ``folder`` are from now on; replaces the folder served before."""
        part = Pictures(folder)
        if part.name in self._slots:
            self.stop(part.name)
        with self._changing:
            self._slots[part.name] = _Slot(part, PartRecord(part.name, "starting"))
        self.start(part.name)
        return self.endpoints.pictures

    def kill(self, name: str) -> None:
        """SIGKILL a part and everything it started; blocks until it is gone. Its data stays."""
        slot = self._slot(name)
        if slot.child is None:
            raise BadOption(f"{name} runs elsewhere and is not this stack's to kill")
        slot.child.kill()
        slot.part.clean_up()
        self._put(name, state="stopped")

    def stop(self, name: str) -> None:
        """End a part as its operator would; blocks until it is gone. Its data stays."""
        slot = self._slot(name)
        if slot.child is None:
            return
        slot.child.stop(grace_s=slot.part.stop_grace_s)
        slot.part.clean_up()
        self._put(name, state="stopped")
        self._watch(name, "stopped", None)

    def _start_all(self) -> None:
        with ThreadPoolExecutor(max(len(self._slots), 1)) as pool:
            starting = [pool.submit(self.start, name) for name in self._slots]
            done, _ = wait(starting, return_when=FIRST_EXCEPTION)
            failed = next((future for future in done if future.exception()), None)
            if failed is not None:
                self._aborted.set()
                failed.result()

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
                    log = tail(child.log, lines=15) if child else ""
                    raise PartFailed(
                        f"{part.name} was not ready after {part.ready_timeout_s:.0f} s: {exc}\n{log}"
                    ) from exc
                self._aborted.wait(_CHECK_EVERY_S)
            else:
                return
        raise StackError(f"{part.name}: the start was given up")

    def _slot(self, name: str) -> _Slot:
        if name not in self._slots:
            raise BadOption(f"no part is called {name!r}; this stack has {', '.join(self._slots) or 'none'}")
        return self._slots[name]

    def _seen(self, slot: _Slot) -> PartRecord:
        if slot.child is not None and slot.record.state in ("starting", "ready") and slot.child.exit_code() is not None:
            return replace(slot.record, state="dead")
        return slot.record

    def _put(self, name: str, *, state: str) -> None:
        with self._changing:
            slot = self._slots[name]
            self._slots[name] = replace(slot, record=replace(slot.record, state=state))
            self._save()

    def _save(self) -> None:
        parts = tuple(slot.record for slot in self._slots.values())
        state.write(self.root, StackRecord(self._id, state.this_process("launcher"), self.endpoints, parts))

    def _own_root(self) -> None:
        """Take the folder for this process, and end what an earlier, killed stack left in it."""
        lock = (self.root / "lock").open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            owner = state.read(self.root)
            pid = owner.launcher.pid if owner else "?"
            raise AlreadyRunning(
                f"a stack runs from {self.root} already (launcher {pid}): "
                "end it with `python -m deploy.local down`, or choose another folder with --root"
            ) from None
        self._lock = lock
        stale = state.read(self.root)
        if stale is not None:
            state.finish(stale)

    def _start_keeper(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            (sys.executable, "-m", "deploy.local.keeper", str(self.root), self._id),
            cwd=_CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
