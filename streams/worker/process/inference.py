"""What the models say about one picture: objects, and a code for the whole and for each of them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from inference.detect import Detection
from inference.errors import ModelUnavailable
from inference.images import WHOLE, Box, Pixels, decode, pixel_count, squash
from inference.runner import Priority
from inference.tensors import DETECT
from pinstream.store.codes import Code
from streams.worker.concurrently import concurrently
from streams.worker.process.pixel_budget import PixelBudget
from streams.worker.process.retry import RetryPolicy
from streams.worker.protocols import Detect, Embed, PictureCodes
from streams.worker.task import PinTask

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceModels:
    """What a picture meets, and how patiently."""

    detect: Detect
    embed: Embed
    patience: RetryPolicy
    threads: Executor
    """Where pictures are decoded."""
    budget: PixelBudget
    """How many decoded pixels there may be at once."""


class PictureInference:
    """Decode -> detect -> embed.

    Under load a picture costs two calls: one for detection, one for all codes. While fewer than ``idle_below`` pictures
    are on their way the model server has room to spare: the whole picture is embedded beside the detection, which costs
    a call more and saves the time of one embedding.
    """

    def __init__(self, models: InferenceModels, *, max_pixels: int, idle_below: int) -> None:
        self._models = models
        self._max_pixels = max_pixels
        self._idle_below = idle_below
        self._under_way = 0

    async def understand(self, work: PinTask, encoded: bytes) -> PictureCodes:
        """Raises PictureRefused, ModelMismatch, or Abandoned; waits for the model server for as long as it takes."""
        async with self._models.budget.hold(pixel_count(encoded, max_pixels=self._max_pixels)):
            self._under_way += 1
            try:
                pixels, squashed = await self._decoded(work, encoded)
                in_turn = self._under_way > self._idle_below
                look = self._in_turn if in_turn else self._side_by_side
                return await look(work, pixels, squashed)
            finally:
                self._under_way -= 1

    async def _in_turn(self, work: PinTask, pixels: Pixels, squashed: Pixels) -> PictureCodes:
        """One call after the other, the second for the whole and all objects."""
        detections = await self._detected(work, squashed)
        with work.timed("embed"):
            whole, *codes = await self._embedded(work, pixels, [WHOLE, *(found.box for found in detections)])
        return PictureCodes(whole, tuple(zip(detections, codes, strict=True)))

    async def _side_by_side(self, work: PinTask, pixels: Pixels, squashed: Pixels) -> PictureCodes:
        """The whole beside the detection, then the objects, if there are any."""
        async with concurrently(self._embedded(work, pixels, [WHOLE])) as embedding:
            detections = await self._detected(work, squashed)
            with work.timed("embed"):
                boxes = [found.box for found in detections]
                codes = await self._embedded(work, pixels, boxes) if boxes else ()
                (whole,) = await embedding
        return PictureCodes(whole, tuple(zip(detections, codes, strict=True)))

    async def _decoded(self, work: PinTask, encoded: bytes) -> tuple[Pixels, Pixels]:
        loop = asyncio.get_running_loop()
        with work.timed("decode"):
            return await loop.run_in_executor(self._models.threads, _prepared, encoded, self._max_pixels)

    async def _detected(self, work: PinTask, squashed: Pixels) -> Sequence[Detection]:
        async def call() -> Sequence[Sequence[Detection]]:
            return await self._models.detect.detect_squashed(squashed, priority=_priority(work))

        with work.timed("detect"):
            return (await self._asked(work, call))[0]

    async def _embedded(self, work: PinTask, pixels: Pixels, boxes: Sequence[Box]) -> Sequence[Code]:
        async def call() -> Sequence[Code]:
            return await self._models.embed.embed(pixels, boxes, priority=_priority(work))

        return await self._asked(work, call)

    async def _asked(self, work: PinTask, call: Callable[[], Awaitable[Answer]]) -> Answer:
        return await self._models.patience.ask("triton", call, unless=ModelUnavailable, lease=work.lease)


def _prepared(encoded: bytes, max_pixels: int) -> tuple[Pixels, Pixels]:
    """The picture, and what the detector sees of it, ``(1, 320, 320, 3) uint8``."""
    pixels = decode(encoded, max_pixels=max_pixels)
    return pixels, squash(pixels, DETECT.image_size_px)[None]


def _priority(work: PinTask) -> Priority:
    return Priority.LIVE if work.lane == "live" else Priority.BACKFILL
