"""Binary codes of a picture and of boxes on it."""

import asyncio
from collections.abc import Sequence
from typing import Final

import numpy as np

from inference.images import Box, Pixels, squash
from inference.runner import ModelRunner, Priority
from inference.tensors import EMBED
from pinstream.store.codes import Code

_INLINE_BYTES: Final = 2_000_000
"""Cropping less than this takes about 1 ms: a thread would cost more, and the event loop can wait that long."""


class Embedder:
    """Makes codes, all in the embedding version that the runner serves."""

    def __init__(self, runner: ModelRunner) -> None:
        self._runner = runner

    async def embed(self, pixels: Pixels, boxes: Sequence[Box], *, priority: Priority = Priority.LIVE) -> list[Code]:
        """One code per box, in order; `images.WHOLE` is the whole picture.

        One call for up to ``EMBED.max_batch`` boxes. Raises as `ModelRunner.infer` does.
        """
        inline = pixels.size * len(boxes) <= _INLINE_BYTES
        images = crops(pixels, boxes) if inline else await asyncio.to_thread(crops, pixels, boxes)
        return await self.embed_squashed(images, priority=priority)

    async def embed_squashed(self, images: Pixels, *, priority: Priority = Priority.LIVE) -> list[Code]:
        """One code per picture of ``(n, 224, 224, 3) uint8``, as `images.squash` makes them."""
        codes: list[Code] = []
        for first in range(0, len(images), EMBED.max_batch):
            part = images[first : first + EMBED.max_batch]
            packed = (await self._runner.infer(EMBED, part, priority=priority))["codes"]
            codes.extend(row.tobytes() for row in packed)
        return codes


def crops(pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
    """What the embedding model sees of each box, ``(n, 224, 224, 3) uint8``."""
    images = np.empty((len(boxes), *EMBED.images.dims), np.uint8)
    for image, box in zip(images, boxes, strict=True):
        image[:] = squash(pixels, EMBED.image_size_px, box)
    return images
