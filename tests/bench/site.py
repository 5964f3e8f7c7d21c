"""The real stack and a worker, as a benchmark wants them: nothing drawn on the screen, phases one after the other."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from deploy.demo.outcome_feed import OutcomeFeed
from deploy.demo.result.tally import DemoPin
from deploy.demo.sources import PinSource
from deploy.demo.worker import start_worker
from deploy.local.parts.part import Endpoints
from deploy.local.process import Child, Spawner
from deploy.local.stack import LocalStack, StackOptions
from index.bootstrap import init
from pinstream.events import PinOutcome
from pinstream.publish import Publisher
from pinstream.store.milvus import MilvusStore
from schemas.topics import topics
from streams.topic_setup import TopicSetup

_ACCOUNTED_S = 300.0


class PhaseFailed(Exception):
    """A phase did not end as it must: pins without an outcome, or dead ones."""


@dataclass(slots=True)
class Outcomes:
    """The last outcome of every pin, and a way to wait for them."""

    by_pin: dict[str, PinOutcome] = field(default_factory=dict)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self, outcome: PinOutcome) -> None:
        """Write down an outcome; one that knows when the pin was found replaces one that does not."""
        with self.changed:
            known = self.by_pin.get(outcome.pin_id)
            if known is None or known.visible_at_ms is None:
                self.by_pin[outcome.pin_id] = outcome
            self.changed.notify_all()

    def await_pins(self, pins: list[DemoPin], *, visible: bool) -> list[PinOutcome]:
        """The outcomes of ``pins``, once all are there; raises PhaseFailed with what is missing or dead."""

        def missing() -> list[str]:
            return [
                pin.pin_id
                for pin in pins
                if (known := self.by_pin.get(pin.pin_id)) is None
                or (visible and known.outcome == "indexed" and known.visible_at_ms is None)
            ]

        with self.changed:
            self.changed.wait_for(lambda: not missing(), timeout=_ACCOUNTED_S)
            if left := missing():
                raise PhaseFailed(
                    f"{len(left)} of {len(pins)} pins have no outcome after {_ACCOUNTED_S:.0f} s: {left[:3]}"
                )
            found = [self.by_pin[pin.pin_id] for pin in pins]
        if bad := [outcome for outcome in found if outcome.outcome != "indexed"]:
            raise PhaseFailed(f"{len(bad)} pins were not indexed, first: {bad[0]}")
        return found


class Site:
    """A running stack; every phase gets a fresh worker and pictures that were never seen before."""

    def __init__(self, stack: LocalStack, source: PinSource) -> None:
        self._stack = stack
        self._source = source
        self._numbers = count()
        self._workers = count()
        self._spawner = Spawner("pinstream-bench")
        self._publisher = Publisher(stack.endpoints.kafka)
        self.outcomes = Outcomes()

    @property
    def endpoints(self) -> Endpoints:
        """Where everything is."""
        return self._stack.endpoints

    def pids(self, worker: Child) -> dict[str, int]:
        """The process of every part, by name."""
        servers = {record.name: record.pid for record in self._stack.records if record.pid}
        return {"worker": worker.pid, **servers}

    @contextmanager
    def worker(self, settings: Mapping[str, str]) -> Iterator[Child]:
        """A worker that is ready, with ``settings`` beside the addresses of this stack."""
        log = self._stack.root / "logs" / f"worker-{next(self._workers)}.log"
        worker = start_worker(self._spawner, self.endpoints, log, settings=settings)
        try:
            worker.await_ready()
            yield worker.child
        finally:
            worker.child.stop(grace_s=15.0)

    def publish(self, pins: int, *, rate: float | None) -> list[DemoPin]:
        """Publish new pins, ``rate`` a second or, without one, as fast as Kafka takes them."""
        begun_s = time.monotonic()
        published = []
        for number in range(pins):
            if rate is not None:
                time.sleep(max(begun_s + number / rate - time.monotonic(), 0.0))
            pin = self._source.pin(next(self._numbers), base_url=self.endpoints.pictures)
            self._publisher.publish({"pin_id": pin.pin_id, "image": {"url": pin.url}, "domain": pin.domain})
            published.append(pin)
        return published

    def close(self) -> None:
        """Let go of Kafka and of what was started here."""
        self._publisher.close()
        self._spawner.close()


@contextmanager
def opened(root: Path, source: PinSource) -> Iterator[Site]:
    """The stack on Milvus Lite with topics and collection; all of it is gone afterwards."""
    with ExitStack() as ends:
        stack = ends.enter_context(LocalStack(StackOptions(root=root, pictures=source.folder)))
        TopicSetup({"bootstrap.servers": stack.endpoints.kafka}).ensure(topics())
        store = MilvusStore(stack.endpoints.milvus)
        ends.callback(store.close)
        init(store)
        site = Site(stack, source)
        ends.callback(site.close)
        feed = OutcomeFeed(stack.endpoints.kafka, site.outcomes.take)
        feed.start()
        ends.callback(feed.close)
        yield site
