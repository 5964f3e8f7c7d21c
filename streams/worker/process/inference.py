"""What the models say about one picture: its objects, and a code for the whole and for each of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from inference.detect import Detection
from inference.errors import ModelUnavailable
from inference.images import WHOLE, Box, Pixels, decode, pixel_count, squash
from inference.runner import Priority
from inference.tensors import DETECT
from pinstream.store.codes import Code
from streams.worker.concurrently import concurrently
from streams.worker.process.picture_codes import PictureCodes
from streams.worker.process.pixel_budget import PixelBudget
from streams.worker.process.retry import RetryPolicy
from streams.worker.protocols import ObjectDetector, PictureEmbedder
from streams.worker.stage_timer import StageTimer
from streams.worker.task import PinTask

Answer = TypeVar("Answer")


@dataclass(slots=True, kw_only=True)
class PictureInference:
    """Decode -> detect -> embed.

    Under load a picture costs two calls: one for detection, one for all codes. While at most ``idle_below`` pictures
    are in flight the model server has room to spare: the whole picture is embedded while the objects are detected,
    which costs a call more and saves the time of one embedding.
    """

    detector: ObjectDetector
    embedder: PictureEmbedder
    retry_policy: RetryPolicy
    decoders: Executor
    """The threads that decode pictures."""
    budget: PixelBudget
    timer: StageTimer
    max_pixels: int
    idle_below: int
    _in_flight: int = field(default=0, init=False)

    async def infer(self, task: PinTask, encoded: bytes) -> PictureCodes:
        """Raises PictureRefused, ModelMismatch, or Abandoned; waits for the model server for as long as it takes."""
        async with self.budget.hold(await self._count_pixels(encoded)):
            self._in_flight += 1
            try:
                pixels, squashed = await self._decode(task, encoded)
                server_is_idle = self._in_flight <= self.idle_below
                infer = self._embed_while_detecting if server_is_idle else self._detect_then_embed
                return await infer(task, pixels, squashed)
            finally:
                self._in_flight -= 1

    async def _detect_then_embed(self, task: PinTask, pixels: Pixels, squashed: Pixels) -> PictureCodes:
        """Detect, then embed the whole picture and all objects in one call."""
        detections = await self._detect(task, squashed)
        with self.timer.time(task, "embed"):
            whole, *codes = await self._embed(task, pixels, [WHOLE, *(found.box for found in detections)])
        return PictureCodes(whole, tuple(zip(detections, codes, strict=True)))

    async def _embed_while_detecting(self, task: PinTask, pixels: Pixels, squashed: Pixels) -> PictureCodes:
        """Embed the whole picture during the detection, then the objects, if there are any."""
        async with concurrently(self._embed(task, pixels, [WHOLE])) as embedding:
            detections = await self._detect(task, squashed)
            with self.timer.time(task, "embed"):
                boxes = [found.box for found in detections]
                codes = await self._embed(task, pixels, boxes) if boxes else ()
                (whole,) = await embedding
        return PictureCodes(whole, tuple(zip(detections, codes, strict=True)))

    async def _count_pixels(self, encoded: bytes) -> int:
        """In a thread: nothing that a stranger sent is parsed on the event loop."""
        return await asyncio.get_running_loop().run_in_executor(
            self.decoders, partial(pixel_count, encoded, max_pixels=self.max_pixels)
        )

    async def _decode(self, task: PinTask, encoded: bytes) -> tuple[Pixels, Pixels]:
        loop = asyncio.get_running_loop()
        with self.timer.time(task, "decode"):
            return await loop.run_in_executor(self.decoders, _decode_and_squash, encoded, self.max_pixels)

    async def _detect(self, task: PinTask, squashed: Pixels) -> Sequence[Detection]:
        async def detect() -> Sequence[Sequence[Detection]]:
            return await self.detector.detect_squashed(squashed, priority=_priority(task))

        with self.timer.time(task, "detect"):
            return (await self._call(task, detect))[0]

    async def _embed(self, task: PinTask, pixels: Pixels, boxes: Sequence[Box]) -> Sequence[Code]:
        async def embed() -> Sequence[Code]:
            return await self.embedder.embed(pixels, boxes, priority=_priority(task))

        return await self._call(task, embed)

    async def _call(self, task: PinTask, call: Callable[[], Awaitable[Answer]]) -> Answer:
        return await self.retry_policy.call("triton", call, retry_on=ModelUnavailable, lease=task.lease)


def _decode_and_squash(encoded: bytes, max_pixels: int) -> tuple[Pixels, Pixels]:
    """The picture, and what the detector sees of it, ``(1, 320, 320, 3) uint8``."""
    pixels = decode(encoded, max_pixels=max_pixels)
    return pixels, squash(pixels, DETECT.image_size_px)[None]


def _priority(task: PinTask) -> Priority:
    return Priority.LIVE if task.lane == "live" else Priority.BACKFILL
