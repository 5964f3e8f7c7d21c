"""The two models asked by a reader: pictures decoded in threads, so many at the models at once, the rest refused."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from api.guards.concurrency import ConcurrencyLimit
from inference.detect import Detection
from inference.images import WHOLE, Box, Pixels, decode
from pinstream.store.codes import Code


class ObjectDetector(Protocol):
    """Objects on pictures, such as `inference.detect.Detector`."""

    async def detect(self, pixels: Pixels) -> tuple[Detection, ...]:
        """The objects on ``(height, width, 3) uint8``, best first; raises what the models raise."""
        ...


class BoxEmbedder(Protocol):
    """Codes of boxes, such as `inference.embed.Embedder`."""

    async def embed(self, pixels: Pixels, boxes: Sequence[Box]) -> list[Code]:
        """One code per box, in order; raises what the models raise."""
        ...


@dataclass(frozen=True, slots=True)
class PhotoCodes:
    """What the models say of a photo: a code for the whole, and for each object."""

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
    """Both models behind one gate; a place is held while a picture is decoded, too, since pixels are the memory."""

    detector: ObjectDetector
    embedder: BoxEmbedder
    gate: ConcurrencyLimit
    decoders: Executor
    max_pixels: int

    async def understand(self, encoded: bytes) -> PhotoCodes:
        """Everything on a photo: one detection, then one embedding of the whole and all objects.

        Raises PictureRefused, what the models raise, or a Problem (429) if too many wait.
        """
        async with self.gate.place():
            pixels = await self._decoded(encoded)
            found = await self.detector.detect(pixels)
            whole, *codes = await self.embedder.embed(pixels, [WHOLE, *(each.box for each in found)])
        height_px, width_px = pixels.shape[:2]
        return PhotoCodes(width_px, height_px, whole, tuple(zip(found, codes, strict=True)))

    async def crop(self, encoded: bytes, box: Box) -> BoxCode:
        """The code of one box; raises the same."""
        async with self.gate.place():
            pixels = await self._decoded(encoded)
            (code,) = await self.embedder.embed(pixels, [box])
        height_px, width_px = pixels.shape[:2]
        return BoxCode(width_px, height_px, code)

    async def _decoded(self, encoded: bytes) -> Pixels:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.decoders, lambda: decode(encoded, max_pixels=self.max_pixels))
