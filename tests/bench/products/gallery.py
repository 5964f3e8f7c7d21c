"""Labelled real photos as an index holds them: what every product is evaluated on.

Photos of the part that no model was trained on; whoever asks with a photo is not answered with its photographer's
other photos, which resemble it.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from deploy.local.process import CHECKOUT
from inference.detect import Detection, Detector
from inference.embed import Embedder
from inference.images import WHOLE, Box, Pixels
from inference.model_repository import labels
from inference.onnx_models import OnnxModels
from inference.training.data.photos import Photo, read_photos
from inference.training.data.split import split
from pinstream.search.index import VisualIndex
from pinstream.store.codes import Code
from pinstream.store.collection import Row
from pinstream.store.memory import MemoryStore

PHOTOS: Final = CHECKOUT.parent / "shared" / "data" / "clothing"
SPLIT_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One picture: what a person says it shows, and who took it; several labels for a composed scene."""

    pin_id: str
    labels: frozenset[int]
    photographer: str


@dataclass(frozen=True, slots=True)
class Understood:
    """What the models make of a picture."""

    whole: Code
    objects: tuple[tuple[Detection, Code], ...]


class Models:
    """The deployed graphs, run by onnxruntime in this process."""

    def __init__(self) -> None:
        self._runner = OnnxModels(threads=2)
        self._detector = Detector(self._runner, labels())
        self._embedder = Embedder(self._runner)

    def codes(self, pixels: Pixels, boxes: Sequence[Box] = (WHOLE,)) -> list[Code]:
        """One code per box."""
        return asyncio.run(self._embedder.embed(pixels, boxes))

    def understand(self, pixels: Pixels) -> Understood:
        """As the worker does."""
        return asyncio.run(self._understood(pixels))

    async def _understood(self, pixels: Pixels) -> Understood:
        found = await self._detector.detect(pixels)
        whole, *codes = await self._embedder.embed(pixels, [WHOLE, *(each.box for each in found)])
        return Understood(whole, tuple(zip(found, codes, strict=True)))


def photos(part: str, folder: Path = PHOTOS) -> list[Photo]:
    """The labelled photos of one part; no photographer is in two."""
    every = read_photos(folder)
    chosen = split(every.photographers(), seed=SPLIT_SEED)[part]
    return [photo for i in chosen if (photo := every.photos[i]).label is not None]


def exhibit(photo: Photo) -> Exhibit:
    """A photo as a pin."""
    return Exhibit(
        photo.path.stem, frozenset() if photo.label is None else frozenset({photo.label}), photo.photographer
    )


def rows_of(exhibit: Exhibit, understood: Understood) -> list[Row]:
    """The rows that a worker writes, as far as searches look at them."""
    whole = Row(
        pin_id=exhibit.pin_id,
        slot=0,
        alive=True,
        code=understood.whole,
        version=1,
        object_count=len(understood.objects),
        image_sha256=exhibit.pin_id,
    )
    return [whole, *(_object(exhibit, slot, *each) for slot, each in enumerate(understood.objects, start=1))]


def _object(exhibit: Exhibit, slot: int, found: Detection, code: Code) -> Row:
    box = (found.box.x0, found.box.y0, found.box.x1, found.box.y1)
    return Row(
        pin_id=exhibit.pin_id,
        slot=slot,
        alive=True,
        code=code,
        version=1,
        label=found.label,
        score=found.score,
        box=box,
        image_sha256=exhibit.pin_id,
    )


def index_of(rows: Iterable[Row]) -> VisualIndex:
    """The library's own index over these rows, exact and in memory."""
    store = MemoryStore()
    store.upsert(list(rows))
    return VisualIndex.over(store)


def precision(found: Sequence[str], wanted: frozenset[int], exhibits: dict[str, Exhibit], *, at: int = 10) -> float:
    """The share of the first ``at`` places that show one of the labels; missing places count as wrong."""
    return sum(bool(exhibits[pin].labels & wanted) for pin in found[:at]) / at


def by_photographer(values: Sequence[float], exhibits: Sequence[Exhibit]) -> dict[str, float]:
    """Mean, and its 95 % interval over whole photographers."""
    from inference.training.evaluate.retrieval import interval

    mean, low, high = interval(np.array(values), np.array([one.photographer for one in exhibits]))
    return {"mean": round(mean, 4), "low": round(low, 4), "high": round(high, 4), "queries": len(values)}
