"""The path of one pin: decode event -> fence -> fetch -> decode picture -> detect -> embed -> upsert -> outcome."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from fetch.errors import FetchFailed
from pinstream import clock
from pinstream.errors import EventInvalid, IndexUnavailable
from pinstream.events import PinDeletion, PinEvent
from pinstream.store.collection import Row
from streams.errors import Abandoned
from streams.worker.concurrently import concurrently
from streams.worker.process.code_cache import CodeCache
from streams.worker.process.inference import PictureInference
from streams.worker.process.retry import Backoff, RetryPolicy
from streams.worker.process.rows import rows_of, rows_of_deletion, vanished_rows
from streams.worker.process.version_fence import Decision, IndexedState, VersionFence, decide, with_slots
from streams.worker.protocols import FlightPermit, PictureFetcher, RowWriter
from streams.worker.settings import Replays
from streams.worker.stage_timer import StageTimer
from streams.worker.task import PinTask, TaskResult


@dataclass(frozen=True, slots=True, kw_only=True)
class PinLimits:
    """What one pin may cost."""

    fetch_backoff: Backoff
    """A host that keeps failing beyond its deadline makes the pin a dead letter."""
    slow_fetch_s: float = 1.0
    """A task whose host has not answered for this long releases its permit, so that other pins may begin."""
    replays: Replays = "skip"
    """Whether an event whose version is indexed already is skipped, or its rows are written again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinPipeline:
    """The `PinProcessor`."""

    fence: VersionFence
    fetcher: PictureFetcher
    inference: PictureInference
    code_cache: CodeCache
    rows: RowWriter
    retry_policy: RetryPolicy
    timer: StageTimer
    limits: PinLimits
    count: Callable[[str], None]
    """Adds 1 to ``pinstream_worker_events_total`` for this label (not an event of Kafka)."""
    now_ms: Callable[[], int] = clock.now_ms

    async def process(self, task: PinTask, permit: FlightPermit) -> TaskResult:
        task.stages_ms["queue"] = float(max(self.now_ms() - task.record.timestamp_ms, 0))
        if isinstance(task.event, EventInvalid):
            raise task.event
        if isinstance(task.event, PinDeletion):
            return await self._delete(task, task.event)
        return await self._index(task, task.event, permit)

    async def _delete(self, task: PinTask, event: PinDeletion) -> TaskResult:
        known = self._recall(task, event) or await self._read_back(task, event.pin_id)
        if (decision := self._decide(task, known, event)) != "write":
            return _skip(decision, known)
        await self._write(task, rows_of_deletion(event, known, at_ms=self.now_ms()))
        self.fence.remember(event.pin_id, task.lease, IndexedState(event.version, alive=False, object_count=0))
        return TaskResult(outcome="deleted")

    async def _index(self, task: PinTask, event: PinEvent, permit: FlightPermit) -> TaskResult:
        known, encoded = await self._check_and_fetch(task, event, permit)
        if encoded is None:
            return _skip(self._decide(task, known, event), known)
        sha256 = hashlib.sha256(encoded).hexdigest()
        codes = self.code_cache.recall(sha256)
        if codes is None:
            codes = await self.inference.infer(task, encoded)
            self.code_cache.remember(sha256, codes)
        else:
            self.count("repin")
        now_ms, objects = self.now_ms(), len(codes.objects)
        # Of a publisher whose clock is ahead, or the pin would be the newest of all, with age 0, until that time.
        published_at_ms = min(task.record.timestamp_ms, now_ms)
        if task.record.timestamp_ms > now_ms:
            self.count("clock_ahead")
        rows = rows_of(event, codes, image_sha256=sha256, published_at_ms=published_at_ms, indexed_at_ms=now_ms)
        await self._write(task, rows + vanished_rows(event, known, kept=len(rows), at_ms=now_ms))
        # After the write: a version that was remembered but not written would make its own retry "unchanged".
        self.fence.remember(event.pin_id, task.lease, IndexedState(event.version, alive=True, object_count=objects))
        return TaskResult(outcome="indexed", objects=objects, whole=codes.whole)

    def _decide(self, task: PinTask, known: IndexedState | None, event: PinEvent | PinDeletion) -> Decision:
        """The fence's decision; but a repair writes an indexed version again, since other rows of it may be lost."""
        decision = decide(known, event)
        repairs = task.repairs_up_to is not None or self.limits.replays == "repair"
        return "write" if decision == "unchanged" and repairs else decision

    async def _check_and_fetch(
        self, task: PinTask, event: PinEvent, permit: FlightPermit
    ) -> tuple[IndexedState | None, bytes | None]:
        """What the index holds of the pin, and the picture; no picture where the event is not to be written.

        If the fence remembers the pin, the picture is fetched only if it is needed. If the fence must read back, the
        fetch begins at the same time: most events are new, and the read-back then adds no latency.
        """
        recalled = self._recall(task, event)
        if recalled is not None:
            is_news = self._decide(task, recalled, event) == "write"
            return recalled, await self._fetch(task, event, permit) if is_news else None
        # Leaving the block cancels a fetch whose picture is not needed.
        async with concurrently(self._fetch(task, event, permit)) as fetching:
            known = await self._read_back(task, event.pin_id)
            return known, await fetching if self._decide(task, known, event) == "write" else None

    def _recall(self, task: PinTask, event: PinEvent | PinDeletion) -> IndexedState | None:
        """What the fence remembers of the pin.

        A repair asks the index instead, which may have lost what was written, unless a newer version is remembered.
        """
        recalled = self.fence.recall(event.pin_id, task.lease)
        if task.repairs_up_to is not None and decide(recalled, event) != "superseded":
            return None
        if recalled is not None:
            self.count("fence_recall")
        return recalled

    async def _read_back(self, task: PinTask, pin_id: str) -> IndexedState | None:
        self.count("fence_read")
        known = await self.retry_policy.call(
            "milvus",
            lambda: self.fence.read_back(pin_id, task.lease),
            retry_on=IndexUnavailable,
            lease=task.lease,
        )
        return known if task.repairs_up_to is None else with_slots(known, up_to=task.repairs_up_to)

    async def _fetch(self, task: PinTask, event: PinEvent, permit: FlightPermit) -> bytes:
        """The picture's bytes; a failing host is asked again until the pin's own deadline."""
        backoff = self.limits.fetch_backoff
        deadline_s = time.monotonic() + backoff.deadline_s
        waits_s = backoff.waits_s()
        with self.timer.time(task, "fetch"):
            while True:
                # Until it has the picture, a task needs neither models nor much memory: it need not count as in flight.
                slow = asyncio.get_running_loop().call_later(self.limits.slow_fetch_s, permit.release)
                try:
                    encoded = await self.fetcher.fetch(event.image)
                    await permit.reacquire()
                    return encoded
                except FetchFailed as exc:
                    wait_s = max(next(waits_s), exc.retry_after_s or 0.0)
                    if time.monotonic() + wait_s > deadline_s:
                        raise
                    self.count("fetch_retry")
                    task.attempts += 1
                    permit.release()
                    await asyncio.sleep(wait_s)
                    if not task.lease.held:
                        raise Abandoned(f"partition {task.lease.partition}") from exc
                finally:
                    slow.cancel()

    async def _write(self, task: PinTask, rows: list[Row]) -> None:
        """Return once the index has acknowledged them; the retry policy checks the lease before each attempt."""
        with self.timer.time(task, "write"):
            await self.retry_policy.call(
                "milvus", lambda: self.rows.write(rows), retry_on=IndexUnavailable, lease=task.lease
            )


def _skip(decision: Decision, known: IndexedState | None) -> TaskResult:
    """The result of an event that is not written."""
    version = "none" if known is None else str(known.version)
    if decision == "unchanged":
        return TaskResult(outcome="unchanged", reason=f"version {version} is indexed already")
    return TaskResult(outcome="superseded", reason=f"the index holds version {version}")
