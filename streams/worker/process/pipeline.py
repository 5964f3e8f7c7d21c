"""The way of one pin: decode event -> fence -> fetch -> decode picture -> detect -> embed -> upsert -> outcome."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from fetch.errors import FetchFailed
from pinstream.errors import EventInvalid, IndexUnavailable
from pinstream.events import PinDeletion, PinEvent
from pinstream.store.collection import Row
from streams.errors import Abandoned
from streams.worker.concurrently import concurrently
from streams.worker.process.code_cache import CodeCache
from streams.worker.process.inference import PictureInference
from streams.worker.process.retry import Backoff, RetryPolicy
from streams.worker.process.rows import rows_of, rows_of_deletion, vanished
from streams.worker.process.version_fence import IndexedState, Verdict, VersionFence, verdict, with_slots
from streams.worker.protocols import PictureFetcher, WriteRows
from streams.worker.task import PinTask, TaskResult

Replays = Literal["skip", "repair"]

FETCH_BACKOFF: Final = Backoff(first_s=0.2, max_s=5.0, deadline_s=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineParts:
    """What a pin meets on its way."""

    fence: VersionFence
    fetch: PictureFetcher
    understanding: PictureInference
    repins: CodeCache
    rows: WriteRows
    patience: RetryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class PinLimits:
    """What one pin may cost."""

    fetch_backoff: Backoff = FETCH_BACKOFF
    """A host that keeps failing beyond the deadline makes the pin a dead letter."""
    slow_fetch_s: float = 1.0
    """A host that has not answered by then no longer holds up other pins."""
    replays: Replays = "skip"
    """What an event means whose version is indexed: nothing, or that its rows are written again."""


class PinPipeline:
    """Carries one event from record to acknowledged rows. Calls are independent; one per pin at a time."""

    def __init__(
        self, parts: PipelineParts, limits: PinLimits, *, now_ms: Callable[[], int], count: Callable[[str], None]
    ) -> None:
        self._parts = parts
        self._limits = limits
        self._now_ms = now_ms
        self._count = count

    async def carry(self, work: PinTask) -> TaskResult:
        """What became of the event, once the index has acknowledged it.

        Raises Abandoned when the partition went away; FetchError, PictureRefused, EventInvalid or IndexRefused when the
        event can never be indexed; ModelMismatch or IndexMismatch when nothing can. Waits for Triton and Milvus.
        """
        work.stages_ms["queue"] = float(max(self._now_ms() - work.record.timestamp_ms, 0))
        if isinstance(work.event, EventInvalid):
            raise work.event
        if isinstance(work.event, PinDeletion):
            return await self._delete(work, work.event)
        return await self._index(work, work.event)

    def _verdict(self, work: PinTask, known: IndexedState | None, event: PinEvent | PinDeletion) -> Verdict:
        """The fence's, but a repair writes again what an index that forgot part of a pin believes to hold."""
        found = verdict(known, event)
        repairs = work.repairs_up_to is not None or self._limits.replays == "repair"
        return "go" if found == "unchanged" and repairs else found

    async def _delete(self, work: PinTask, event: PinDeletion) -> TaskResult:
        known = await self._known(work, event)
        if (found := self._verdict(work, known, event)) != "go":
            return _not_news(found, known)
        await self._write(work, rows_of_deletion(event, known, at_ms=self._now_ms()))
        self._parts.fence.remember(event.pin_id, work.lease, IndexedState(event.version, alive=False, object_count=0))
        return TaskResult(result="deleted")

    async def _index(self, work: PinTask, event: PinEvent) -> TaskResult:
        known, encoded = await self._known_and_fetched(work, event)
        if encoded is None:
            return _not_news(self._verdict(work, known, event), known)
        sha256 = hashlib.sha256(encoded).hexdigest()
        understood = self._parts.repins.recall(sha256)
        if understood is None:
            understood = await self._parts.understanding.understand(work, encoded)
            self._parts.repins.remember(sha256, understood)
        else:
            self._count("repin")
        now_ms, objects = self._now_ms(), len(understood.objects)
        rows = rows_of(
            event, understood, image_sha256=sha256, published_at_ms=work.record.timestamp_ms, indexed_at_ms=now_ms
        )
        await self._write(work, rows + vanished(event, known, kept=len(rows), at_ms=now_ms))
        self._parts.fence.remember(
            event.pin_id, work.lease, IndexedState(event.version, alive=True, object_count=objects)
        )
        return TaskResult(result="indexed", objects=objects, whole=understood.whole)

    async def _known_and_fetched(self, work: PinTask, event: PinEvent) -> tuple[IndexedState | None, bytes | None]:
        """The fence's knowledge and the picture; no picture where the event is not news.

        The fence answers while the picture travels; where it is remembered, nothing travels for nothing.
        """
        recalled = self._recalled(work, event)
        if recalled is not None:
            self._count("fence_recall")
            news = self._verdict(work, recalled, event) == "go"
            return recalled, await self._fetch(work, event) if news else None
        self._count("fence_read")
        async with concurrently(self._fetch(work, event)) as fetching:
            known = await self._read_back(work, event.pin_id)
            return known, await fetching if self._verdict(work, known, event) == "go" else None

    async def _known(self, work: PinTask, event: PinDeletion) -> IndexedState | None:
        recalled = self._recalled(work, event)
        if recalled is not None:
            self._count("fence_recall")
            return recalled
        self._count("fence_read")
        return await self._read_back(work, event.pin_id)

    def _recalled(self, work: PinTask, event: PinEvent | PinDeletion) -> IndexedState | None:
        """What is remembered of the pin; where rows are repaired, only if it is newer: the rest, the index knows."""
        recalled = self._parts.fence.recall(event.pin_id, work.lease)
        if work.repairs_up_to is not None and verdict(recalled, event) != "superseded":
            return None
        return recalled

    async def _read_back(self, work: PinTask, pin_id: str) -> IndexedState | None:
        known = await self._parts.patience.ask(
            "milvus", lambda: self._parts.fence.look(pin_id, work.lease), unless=IndexUnavailable, lease=work.lease
        )
        return known if work.repairs_up_to is None else with_slots(known, up_to=work.repairs_up_to)

    async def _fetch(self, work: PinTask, event: PinEvent) -> bytes:
        """The picture's bytes; a failing host is asked again until the pin's own deadline."""
        backoff = self._limits.fetch_backoff
        deadline_s = time.monotonic() + backoff.deadline_s
        waits_s = backoff.waits_s()
        with work.timed("fetch"):
            while True:
                slow = asyncio.get_running_loop().call_later(self._limits.slow_fetch_s, work.leave_place)
                try:
                    encoded = await self._parts.fetch.fetch(event.image)
                    await work.regain_place()
                    return encoded
                except FetchFailed as exc:
                    wait_s = max(next(waits_s), exc.retry_after_s or 0.0)
                    if time.monotonic() + wait_s > deadline_s:
                        raise
                    self._count("fetch_retry")
                    work.attempts += 1
                    work.leave_place()
                    await asyncio.sleep(wait_s)
                    _still_ours(work)
                finally:
                    slow.cancel()

    async def _write(self, work: PinTask, rows: list[Row]) -> None:
        """Returns once acknowledged. Each attempt looks first whether the partition is still this worker's."""
        ask = self._parts.patience.ask
        with work.timed("write"):
            await ask("milvus", lambda: self._parts.rows.write(rows), unless=IndexUnavailable, lease=work.lease)


def _not_news(found: Verdict, known: IndexedState | None) -> TaskResult:
    version = "none" if known is None else str(known.version)
    if found == "unchanged":
        return TaskResult(result="unchanged", reason=f"version {version} is indexed already")
    return TaskResult(result="superseded", reason=f"the index holds version {version}")


def _still_ours(work: PinTask) -> None:
    if not work.lease.held:
        raise Abandoned(f"partition {work.lease.partition}")
