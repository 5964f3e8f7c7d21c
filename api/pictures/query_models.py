"""Runs the detector and the embedder for searches: decodes in threads, under one concurrency limit."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from api.middleware.concurrency_limit import ConcurrencyLimit
from inference.detect import Detection
from inference.images import WHOLE, Box, Pixels, decode
from pinstream.store.codes import Code


class QueryDetector(Protocol):
    """Finds objects, such as `inference.detect.Detector`."""

    async def detect(self, pixels: Pixels) -> tuple[Detection, ...]:
        """The objects on ``(height, width, 3) uint8``, best first; raises what the models raise."""


class QueryEmbedder(Protocol):
    """Makes codes, such as `inference.embed.Embedder`."""

    async def embed(self, pixels: Pixels, boxes: Sequence[Box]) -> list[Code]:
        """One code per box, in order; raises what the models raise."""


@dataclass(frozen=True, slots=True)
class PhotoCodes:
    """Codes of a photo: one of the whole, one of each object."""

    width_px: int
    height_px: int
    whole: Code
    objects: tuple[tuple[Detection, Code], ...]


@dataclass(frozen=True, slots=True)
class BoxCode:
    """The code of a box on a picture of this size."""

    width_px: int
    height_px: int
    code: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryModels:
    """A permit is held while a picture is decoded, too: decoded pixels take the memory."""

    detector: QueryDetector
    embedder: QueryEmbedder
    limit: ConcurrencyLimit
    decode_threads: Executor
    max_pixels: int

    async def embed_photo(self, encoded: bytes) -> PhotoCodes:
        """One detection, then one embedding of the whole and all objects.

        Raises PictureRefused, what the models raise, or a Problem (429) if too many wait.
        """
        async with self.limit.permit():
            pixels = await self._decode(encoded)
            detections = await self.detector.detect(pixels)
            whole, *codes = await self.embedder.embed(pixels, [WHOLE, *(each.box for each in detections)])
        height_px, width_px = pixels.shape[:2]
        return PhotoCodes(width_px, height_px, whole, tuple(zip(detections, codes, strict=True)))

    async def embed_box(self, encoded: bytes, box: Box) -> BoxCode:
        """The code of one box; raises the same."""
        async with self.limit.permit():
            pixels = await self._decode(encoded)
            (code,) = await self.embedder.embed(pixels, [box])
        height_px, width_px = pixels.shape[:2]
        return BoxCode(width_px, height_px, code)

    async def _decode(self, encoded: bytes) -> Pixels:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.decode_threads, lambda: decode(encoded, max_pixels=self.max_pixels))
