"""Starts everything, in the order that gets the first pin found soonest, and ends everything afterwards."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from deploy.demo.screen.screen import PartState, Screen
from deploy.demo.sources import PinSource
from deploy.demo.worker import DemoWorker, start_worker
from deploy.local.errors import Aborted, PartFailed
from deploy.local.parts.part import Endpoints
from deploy.local.process import Child, Spawner, tail
from deploy.local.selection import LOCAL
from deploy.local.stack import LocalStack, StackOptions
from pinstream.kafka.errors import KafkaUnreachable
from schemas.topics import topics

_LABELS: Final = {
    "kafka": "Kafka",
    "triton": "Triton",
    "milvus": "Milvus",
    "pictures": "picture server",
    "api": "search page",
}
_STATES: Final[dict[str, PartState]] = {"starting": "busy", "ready": "ready", "external": "ready", "dead": "failed"}
_SAMPLES: Final = "sample pins"
_TOPICS: Final = "topics"
_COLLECTION: Final = "collection"
_WORKER: Final = "worker"
_POLL_S: Final = 0.05
_WORKER_GRACE_S: Final = 10.0
_PAGE_NICENESS: Final = 10
"""The page's service starts at the same time as everything else, and must not delay the first pin."""


@dataclass(frozen=True, slots=True)
class DemoStack:
    """A running stack with its worker."""

    stack: LocalStack
    worker: Child

    @property
    def endpoints(self) -> Endpoints:
        return self.stack.endpoints

    def check(self) -> None:
        """Raise PartFailed, with the last lines of its log, if a server or the worker has ended."""
        if (code := self.worker.exit_code()) is not None:
            raise PartFailed(f"the worker ended with status {code}:\n{self.worker.log_tail()}")
        for part in self.stack.records:
            if part.state == "dead":
                raise PartFailed(f"{part.name} ended by itself:\n{tail(Path(part.log), lines=15)}")


@contextmanager
def start_stack(root: Path, source: PinSource, *, count: int, milvus: str, screen: Screen) -> Iterator[DemoStack]:
    """The stack, its topics and collection, and a worker that is ready; all of it is ended afterwards.

    Raises StackError with what to do, PartFailed with the last log lines of what failed.
    """
    stack = LocalStack(StackOptions(root=root, milvus=milvus, pictures=source.folder, api=LOCAL))
    spawner = Spawner(f"pinstream-demo-{root.name}")
    with contextlib.ExitStack() as ends:
        ends.callback(spawner.close)
        ends.callback(stack.down)
        boot = _Boot(stack, spawner, screen)
        ends.callback(boot.abort)
        boot.prepare(source, count)
        worker = boot.start_worker()
        ends.callback(lambda: worker.child.stop(grace_s=_WORKER_GRACE_S))
        boot.await_worker(worker)
        boot.await_servers()
        yield DemoStack(stack, worker.child)


class _Boot:
    """The steps of one boot, each in a thread; the calling thread only watches, so that Ctrl-C works at once."""

    def __init__(self, stack: LocalStack, spawner: Spawner, screen: Screen) -> None:
        self._stack = stack
        self._spawner = spawner
        self._screen = screen
        self._aborted = threading.Event()
        self._pool = ThreadPoolExecutor(5, thread_name_prefix="boot")
        self._servers: Future[None] = Future()

    def abort(self) -> None:
        """End all steps; blocks until they have."""
        self._aborted.set()
        self._stack.abort()
        self._pool.shutdown(cancel_futures=True)

    def prepare(self, source: PinSource, count: int) -> None:
        """Start the servers, draw the pins, create topics and collection; blocks until a worker can be started."""
        for name in (*_LABELS.values(), _TOPICS, _COLLECTION, _WORKER):
            self._screen.part(name, "waiting")
        self._servers = self._pool.submit(self._stack.up)
        steps = [
            self._pool.submit(self._draw, source, count),
            self._pool.submit(self._after, "kafka", _TOPICS, self._create_topics),
            self._pool.submit(self._after, "milvus", _COLLECTION, self._create_collection),
            self._pool.submit(self._await_part, "triton"),
        ]
        self._await(steps)

    def await_servers(self) -> None:
        """Block until every server is ready, the page's too; they were started at the same time as all others."""
        self._await([self._servers])

    def start_worker(self) -> DemoWorker:
        """Start the worker, which is not ready yet; its log is in the servers' folder."""
        self._screen.part(_WORKER, "busy", "loading, trying the models")
        return start_worker(self._spawner, self._stack.endpoints, self._stack.root / "logs" / "worker.log")

    def await_worker(self, worker: DemoWorker) -> None:
        """Block until the worker is ready."""
        worker.await_ready()
        self._screen.part(_WORKER, "ready", f"process {worker.child.pid}, {worker.url}/metrics")

    def _await(self, steps: list["Future[None]"]) -> None:
        """Block until the steps are done; raises what one of them, or the start of the servers, raised."""
        while True:
            self._show_parts()
            for step in (self._servers, *steps):
                if step.done():
                    step.result()
            if all(step.done() for step in steps):
                return
            time.sleep(_POLL_S)

    def _show_parts(self) -> None:
        for record in self._stack.records:
            text = record.doing if record.state == "starting" else self._stack.endpoints.of(record.name)
            self._screen.part(_LABELS[record.name], _STATES.get(record.state, "waiting"), text, record.done_share)
            if record.name == "api" and record.pid:
                with contextlib.suppress(psutil.Error):
                    psutil.Process(record.pid).nice(_PAGE_NICENESS)

    def _await_part(self, part: str) -> None:
        while not any(record.name == part and record.state in ("ready", "external") for record in self._stack.records):
            if self._aborted.wait(_POLL_S):
                raise Aborted(part)

    def _after(self, part: str, name: str, step: Callable[[], str]) -> None:
        """Run ``step`` once a server is ready, without waiting for the others."""
        self._await_part(part)
        self._screen.part(name, "busy")
        self._screen.part(name, "ready", step())

    def _create_topics(self) -> str:
        from streams.errors import StartRefused  # noqa: PLC0415
        from streams.topic_setup import TopicSetup  # noqa: PLC0415 (loading takes a second; meanwhile servers start)

        wanted = topics()
        try:
            TopicSetup({"bootstrap.servers": self._stack.endpoints.kafka}).ensure(wanted)
        except (KafkaUnreachable, StartRefused) as exc:
            raise PartFailed(f"the topics were not created: {exc}") from exc
        return ", ".join(topic.name for topic in wanted)

    def _create_collection(self) -> str:
        from index.bootstrap import init  # noqa: PLC0415 (the same: pymilvus)
        from pinstream.store.milvus import MilvusStore  # noqa: PLC0415

        store = MilvusStore(self._stack.endpoints.milvus)
        try:
            init(store)
            return store.collection
        finally:
            store.close()

    def _draw(self, source: PinSource, count: int) -> None:
        """Draw all pictures before anything is measured: drawing takes a whole core."""
        launch = source.drawing_program(count)
        if launch is None or source.ready(count) == count:
            return
        drawing = self._spawner.spawn(launch, self._stack.root / "logs" / "drawing.log")
        while (code := drawing.exit_code()) is None:
            done = source.ready(count)
            self._screen.part(_SAMPLES, "busy", f"drawing, {done} of {count}", done / count)
            if self._aborted.wait(4 * _POLL_S):
                drawing.kill()
                raise Aborted(_SAMPLES)
        drawing.kill()
        if code:
            raise PartFailed(f"drawing sample pins ended with status {code}:\n{drawing.log_tail()}")
        self._screen.part(_SAMPLES, "ready", f"{count} drawn into {source.folder}")
