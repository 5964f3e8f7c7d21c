"""The way of one pin: decode event -> fence -> fetch -> decode picture -> detect -> embed -> upsert -> outcome."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from inference.errors import ModelUnavailable
from inference.images import WHOLE, Pixels, decode, squash
from inference.runner import Priority
from inference.tensors import DETECT
from pinstream.collection import Row
from pinstream.errors import EventInvalid, IndexRefused, IndexUnavailable
from pinstream.events import PinDeletion, PinEvent
from streams.errors import Abandoned
from streams.fence import Fence, Known, Verdict, verdict
from streams.fetch import FetchFailed
from streams.ports import Detect, Embed, Fetch, Understood, WriteRows
from streams.repins import Repins
from streams.retry import Backoff, Patience
from streams.rows import rows_of, rows_of_deletion, vanished
from streams.work import Settled, Work

FETCH_BACKOFF: Final = Backoff(first_s=0.2, max_s=5.0, deadline_s=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a pin meets on its way."""

    fence: Fence
    fetch: Fetch
    detect: Detect
    embed: Embed
    repins: Repins
    rows: WriteRows
    alone: WriteRows
    """Writes one pin in a call of its own: when a batch is refused, only the guilty pin may suffer."""
    patience: Patience
    threads: Executor
    """Where pictures are decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one pin may cost."""

    max_pixels: int = 40_000_000
    fetch_backoff: Backoff = FETCH_BACKOFF
    """A host that keeps failing beyond the deadline makes the pin a dead letter."""


class PinPath:
    """Carries one event from record to acknowledged rows. Calls are independent; one per pin at a time."""

    def __init__(
        self, parts: Parts, limits: Limits, *, now_ms: Callable[[], int], count: Callable[[str], None]
    ) -> None:
        self._parts = parts
        self._limits = limits
        self._now_ms = now_ms
        self._count = count

    async def carry(self, work: Work) -> Settled:
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

    async def _delete(self, work: Work, event: PinDeletion) -> Settled:
        known = await self._known(work, event)
        if (found := verdict(known, event)) != "go":
            return _not_news(found, known)
        await self._write(work, rows_of_deletion(event, known, at_ms=self._now_ms()))
        self._parts.fence.remember(event.pin_id, work.lease, Known(event.version, alive=False, object_count=0))
        return Settled(result="deleted")

    async def _index(self, work: Work, event: PinEvent) -> Settled:
        known, encoded = await self._known_and_fetched(work, event)
        if encoded is None:
            return _not_news(verdict(known, event), known)
        sha256 = hashlib.sha256(encoded).hexdigest()
        understood = self._parts.repins.recall(sha256)
        if understood is None:
            understood = await self._understand(work, encoded)
            self._parts.repins.remember(sha256, understood)
        else:
            self._count("repin")
        now_ms, objects = self._now_ms(), len(understood.objects)
        rows = rows_of(
            event, understood, image_sha256=sha256, published_at_ms=work.record.timestamp_ms, indexed_at_ms=now_ms
        )
        await self._write(work, rows + vanished(event, known, kept=len(rows), at_ms=now_ms))
        self._parts.fence.remember(event.pin_id, work.lease, Known(event.version, alive=True, object_count=objects))
        return Settled(result="indexed", objects=objects, whole=understood.whole)

    async def _known_and_fetched(self, work: Work, event: PinEvent) -> tuple[Known | None, bytes | None]:
        """The fence's knowledge and the picture; no picture where the event is not news.

        The fence answers while the picture travels; where it is remembered, nothing travels for nothing.
        """
        recalled = self._parts.fence.recall(event.pin_id, work.lease)
        if recalled is not None:
            self._count("fence_recall")
            news = verdict(recalled, event) == "go"
            return recalled, await self._fetch(work, event) if news else None
        self._count("fence_read")
        fetching = asyncio.ensure_future(self._fetch(work, event))
        try:
            known = await self._read_back(work, event.pin_id)
            return known, await fetching if verdict(known, event) == "go" else None
        finally:
            if not fetching.done():
                fetching.cancel()
            await asyncio.wait([fetching])
            _ = fetching.cancelled() or fetching.exception()  # looked at: an unwanted fetch may fail in silence

    async def _known(self, work: Work, event: PinDeletion) -> Known | None:
        recalled = self._parts.fence.recall(event.pin_id, work.lease)
        if recalled is not None:
            self._count("fence_recall")
            return recalled
        self._count("fence_read")
        return await self._read_back(work, event.pin_id)

    async def _read_back(self, work: Work, pin_id: str) -> Known | None:
        return await self._parts.patience.ask(
            "milvus", lambda: self._parts.fence.look(pin_id, work.lease), unless=IndexUnavailable, lease=work.lease
        )

    async def _fetch(self, work: Work, event: PinEvent) -> bytes:
        """The picture's bytes; a failing host is asked again until the pin's own deadline."""
        backoff = self._limits.fetch_backoff
        deadline_s = time.monotonic() + backoff.deadline_s
        waits_s = backoff.waits_s()
        with work.timed("fetch"):
            while True:
                try:
                    return await self._parts.fetch.fetch(event.image)
                except FetchFailed as exc:
                    wait_s = max(next(waits_s), exc.retry_after_s or 0.0)
                    if time.monotonic() + wait_s > deadline_s:
                        raise
                    self._count("fetch_retry")
                    work.attempts += 1
                    await asyncio.sleep(wait_s)
                    _still_ours(work)

    async def _understand(self, work: Work, encoded: bytes) -> Understood:
        priority = Priority.LIVE if work.lane == "live" else Priority.BACKFILL
        loop, patience = asyncio.get_running_loop(), self._parts.patience
        with work.timed("decode"):
            pixels, squashed = await loop.run_in_executor(
                self._parts.threads, _decoded, encoded, self._limits.max_pixels
            )
        with work.timed("detect"):
            (detections,) = await patience.ask(
                "triton",
                lambda: self._parts.detect.detect_squashed(squashed, priority=priority),
                unless=ModelUnavailable,
                lease=work.lease,
            )
        boxes = [WHOLE, *(found.box for found in detections)]
        with work.timed("embed"):
            whole, *codes = await patience.ask(
                "triton",
                lambda: self._parts.embed.embed(pixels, boxes, priority=priority),
                unless=ModelUnavailable,
                lease=work.lease,
            )
        return Understood(whole, tuple(zip(detections, codes, strict=True)))

    async def _write(self, work: Work, rows: list[Row]) -> None:
        """Returns once acknowledged. Each attempt looks first whether the partition is still this worker's."""
        ask = self._parts.patience.ask
        with work.timed("write"):
            try:
                await ask("milvus", lambda: self._parts.rows.write(rows), unless=IndexUnavailable, lease=work.lease)
            except IndexRefused:
                await ask("milvus", lambda: self._parts.alone.write(rows), unless=IndexUnavailable, lease=work.lease)


def _decoded(encoded: bytes, max_pixels: int) -> tuple[Pixels, Pixels]:
    """The picture, and what the detector sees of it, ``(1, 320, 320, 3) uint8``."""
    pixels = decode(encoded, max_pixels=max_pixels)
    return pixels, squash(pixels, DETECT.image_size_px)[None]


def _not_news(found: Verdict, known: Known | None) -> Settled:
    version = "none" if known is None else str(known.version)
    if found == "unchanged":
        return Settled(result="unchanged", reason=f"version {version} is indexed already")
    return Settled(result="superseded", reason=f"the index holds version {version}")


def _still_ours(work: Work) -> None:
    if not work.lease.held:
        raise Abandoned(f"partition {work.lease.partition}")
