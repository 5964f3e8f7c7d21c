"""In-memory fakes for the contracts in `streams.worker.protocols`, and a pipeline on them."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from inference.detect import Detection
from inference.images import Box, Pixels
from inference.runner import Priority
from pinstream.events import ImageRef
from pinstream.lanes import Lane
from pinstream.store.collection import Row
from pinstream.store.memory import MemoryStore
from pinstream.store.vector_store import Consistency
from streams.worker.outages import Outages
from streams.worker.process.code_cache import CodeCache
from streams.worker.process.inference import PictureInference
from streams.worker.process.pipeline import PinLimits, PinPipeline
from streams.worker.process.pixel_budget import PixelBudget
from streams.worker.process.retry import Backoff, RetryPolicy
from streams.worker.process.version_fence import VersionFence
from streams.worker.protocols import FlightPermit
from streams.worker.record import ConsumedRecord, Lease
from streams.worker.settings import Replays
from streams.worker.stage_timer import StageTimer
from streams.worker.task import PinTask, TaskResult, task_of

NOW_MS = 1_800_000_000_000


def jpeg(seed: int = 0) -> bytes:
    """A small picture of its own for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    encoded, content = cv2.imencode(".png", pixels)
    assert encoded
    return content.tobytes()


class AtOnce(Executor):
    """Runs everything where it is submitted."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Done when this returns."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as exc:  # noqa: BLE001 (as every executor does)
            done.set_exception(exc)
        return done


@dataclass
class Web:
    """Pictures by address; an error instead of a picture is raised."""

    pictures: dict[str, bytes | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared, no host answers."""

    def __post_init__(self) -> None:
        self.answers.set()

    async def fetch(self, image: ImageRef) -> bytes:
        """The picture at the address."""
        url = image.url or ""
        self.asked.append(url)
        await asyncio.sleep(0)
        await self.answers.wait()
        found = self.pictures.get(url, jpeg())
        if isinstance(found, Exception):
            raise found
        return found


@dataclass
class Models:
    """Both models: ``objects`` on every picture, and a different code for each call and box."""

    objects: int = 1
    failures: list[Exception] = field(default_factory=list)
    calls: int = 0
    priorities: list[Priority] = field(default_factory=list)

    async def detect_squashed(
        self, images: Pixels, *, priority: Priority = Priority.LIVE
    ) -> Sequence[Sequence[Detection]]:
        self.priorities.append(priority)
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop(0)
        return [[Detection("bag", 0.9, Box(0.1, 0.1, 0.5, 0.5))] * self.objects for _ in images]

    async def embed(
        self, pixels: Pixels, boxes: Sequence[Box], *, priority: Priority = Priority.LIVE
    ) -> Sequence[bytes]:
        self.calls += 1
        return [bytes([self.calls % 256, each]) * 16 for each in range(len(boxes))]


@dataclass
class Index:
    """A memory store behind the contracts of writer and reader; raises its ``failures`` first, one a write."""

    store: MemoryStore = field(default_factory=MemoryStore)
    failures: list[Exception] = field(default_factory=list)
    reads: list[Consistency] = field(default_factory=list)
    before_write: Callable[[], None] = lambda: None

    async def write(self, rows: Sequence[Row]) -> None:
        await asyncio.sleep(0)
        self.before_write()
        if self.failures:
            raise self.failures.pop(0)
        self.store.upsert(rows)

    async def get(self, keys: Sequence[str], *, consistency: Consistency) -> Mapping[str, Row]:
        self.reads.append(consistency)
        await asyncio.sleep(0)
        return self.store.get(keys, consistency=consistency)


@dataclass
class Permit:
    """Counts what a task does with its permit."""

    released: asyncio.Event = field(default_factory=asyncio.Event)
    reacquired: int = 0

    def release(self) -> None:
        self.released.set()

    async def reacquire(self) -> None:
        self.reacquired += 1


@dataclass
class Bench:
    """A pipeline on fakes, with everything in reach."""

    web: Web = field(default_factory=Web)
    models: Models = field(default_factory=Models)
    index: Index = field(default_factory=Index)
    lease: Lease = field(default_factory=lambda: Lease(0, time.monotonic()))
    counts: list[str] = field(default_factory=list)
    offset: int = 0
    idle_below: int = 0
    replays: Replays = "skip"
    slow_fetch_s: float = 60.0
    timer: StageTimer = field(default_factory=StageTimer)

    def __post_init__(self) -> None:
        quick = Backoff(first_s=0.0001, max_s=0.0001, deadline_s=0.02)
        self.outages = Outages()
        self.fence = VersionFence(self.index, capacity=1000, staleness_s=10)
        retry_policy = RetryPolicy(quick, self.outages, on_retry=self.counts.append)
        self.pipeline = PinPipeline(
            fence=self.fence,
            fetcher=self.web,
            inference=PictureInference(
                detector=self.models,
                embedder=self.models,
                retry_policy=retry_policy,
                decoders=AtOnce(),
                budget=PixelBudget(10**6),
                timer=self.timer,
                max_pixels=10**6,
                idle_below=self.idle_below,
            ),
            code_cache=CodeCache(capacity=1000),
            rows=self.index,
            retry_policy=retry_policy,
            timer=self.timer,
            limits=PinLimits(fetch_backoff=quick, slow_fetch_s=self.slow_fetch_s, replays=self.replays),
            now_ms=lambda: NOW_MS,
            count=self.counts.append,
        )

    def put(
        self,
        pin_id: str = "a",
        version: int = 1,
        *,
        lane: Lane = "live",
        headers: tuple[tuple[str, bytes], ...] = (),
        **more: Any,
    ) -> PinTask:
        """An event with an address, consumed."""
        value = {
            "pin_id": pin_id, "version": version, "image": {"url": f"https://pictures/{pin_id}/{version}"},
            "domain": "web", "created_at": "2026-11-23T20:00:00Z", **more,
        }  # fmt: skip
        return self.consume(pin_id.encode(), json.dumps(value).encode(), headers=headers, lane=lane)

    def delete(self, pin_id: str = "a", version: int = 1, *, headers: tuple[tuple[str, bytes], ...] = ()) -> PinTask:
        """A tombstone, consumed."""
        return self.consume(pin_id.encode(), None, headers=(("version", str(version).encode()), *headers))

    def consume(
        self,
        key: bytes | None,
        value: bytes | None,
        *,
        headers: tuple[tuple[str, bytes], ...] = (),
        lane: Lane = "live",
    ) -> PinTask:
        """A record, consumed."""
        self.offset += 1
        record = ConsumedRecord(
            lane=lane, topic="pins.events", partition=0, offset=self.offset,
            key=key, value=value, headers=headers, timestamp_ms=NOW_MS - 5,
        )  # fmt: skip
        return task_of(record, self.lease)

    async def process(self, *tasks: PinTask, permit: FlightPermit | None = None) -> list[TaskResult]:
        """One after the other."""
        return [await self.pipeline.process(task, permit or Permit()) for task in tasks]

    def row(self, key: str) -> Row | None:
        """What the index holds."""
        return self.index.store.get([key]).get(key)
