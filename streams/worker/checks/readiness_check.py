"""A real inference and a real search: for ``/readyz``, and to warm up the services before the first pin."""

from dataclasses import dataclass

import numpy as np

from inference.images import WHOLE, Pixels, squash
from inference.tensors import DETECT
from pinstream.store.codes import Code
from pinstream.store.collection import Where, row_key
from streams.worker.protocols import ObjectDetector, PictureEmbedder, RowReader, Search

_SIDE_PX = 256
_PIN_ID = "readiness-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessCheck:
    """Makes the calls that a pin needs, with a drawn picture, and writes nothing."""

    detector: ObjectDetector
    embedder: PictureEmbedder
    rows: RowReader
    search: Search

    async def run(self) -> Code:
        """The picture's code; raises what the models or the index raise."""
        pixels = draw_picture()
        await self.detector.detect_squashed(squash(pixels, DETECT.image_size_px)[None])
        (code,) = await self.embedder.embed(pixels, [WHOLE])
        await self.rows.get([row_key(_PIN_ID, 0)], consistency="Bounded")
        await self.search(code, Where(pins=frozenset({_PIN_ID})))
        return code


def draw_picture() -> Pixels:
    """Smooth colours, the same every time, ``(256, 256, 3) uint8``."""
    ramp = np.linspace(0, 255, _SIDE_PX, dtype=np.uint8)
    pixels = np.full((_SIDE_PX, _SIDE_PX, 3), 128, np.uint8)
    pixels[..., 0], pixels[..., 1] = ramp[:, None], ramp[None, :]
    return pixels
