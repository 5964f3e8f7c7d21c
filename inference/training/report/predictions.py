"""What the served files make of a folder of pictures, through the worker's own code; needs no torch."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from inference.detect import Detection, Detector
from inference.embed import Embedder
from inference.images import Box, Pixels, decode, squash
from inference.model_repository import labels
from inference.onnx_models import OnnxModels
from inference.picture_files import SUFFIXES, find, read
from inference.tensors import DETECT, EMBED
from inference.training.data.sample_objects import TABLE, Truth, read_objects
from inference.training.errors import BadPhotos
from inference.training.evaluate.boxes import iou
from pinstream.store.codes import Code, hamming

SAME_OBJECT: Final = 0.5
"""A box found is of a true one whose IoU with it is at least this."""


@dataclass(frozen=True, slots=True)
class ServedAnswer:
    """One picture, its code, what was found on it, and what is on it; None if nobody knows."""

    path: Path
    code: Code
    detections: tuple[Detection, ...]
    truths: tuple[Truth, ...] | None

    def pixels(self, size_px: int) -> Pixels:
        """The picture as the models see it, ``(size, size, 3) uint8``."""
        return squash(decode(self.path.read_bytes()), size_px)

    def shares_product(self, other: "ServedAnswer") -> bool:
        """Whether both pictures show the same thing."""
        mine, theirs = ({truth.product for truth in seen.truths or ()} for seen in (self, other))
        return bool(mine & theirs)


def look(folder: Path, *, most: int) -> list[ServedAnswer]:
    """At most ``most`` pictures of a folder, evenly spread over their names, seen by both models.

    Raises BadPhotos if fewer than two can be read, InferenceError if the models cannot be opened.
    """
    found = find([folder]) if folder.is_dir() else []
    chosen = [found[i] for i in evenly(len(found), most)]
    big = read(chosen, DETECT.image_size_px)
    if len(big.pictures) < 2:
        reasons = "".join(f"; {picture.path}: {reason}" for picture, reason in big.refused[:1])
        raise BadPhotos(
            f"{folder} holds {len(big.pictures)} pictures that can be read ({', '.join(sorted(SUFFIXES))}), "
            f"expected 2 or more{reasons}"
        )
    paths = [picture.path for picture in big.pictures]
    small = read(big.pictures, EMBED.image_size_px).images
    truths = read_objects(folder) if (folder / TABLE).is_file() else {}

    async def both() -> tuple[list[Code], list[tuple[Detection, ...]]]:
        models = OnnxModels()
        return (
            await Embedder(models).embed_squashed(small),
            await Detector(models, labels()).detect_squashed(big.images),
        )

    codes, detections = asyncio.run(both())
    return [
        ServedAnswer(path, code, seen, truths.get(path.name))
        for path, code, seen in zip(paths, codes, detections, strict=True)
    ]


def evenly(count: int, wanted: int) -> list[int]:
    """``wanted`` of ``count`` numbers or all of them, evenly spread, ascending."""
    return [int(i) for i in np.linspace(0, count - 1, min(count, wanted)).round()] if count else []


def nearest(seen: Sequence[ServedAnswer], query: ServedAnswer) -> list[tuple[int, ServedAnswer]]:
    """The other pictures by Hamming distance of their codes, nearest first; ties by name."""
    others = [(hamming(query.code, each.code), each) for each in seen if each is not query]
    return sorted(others, key=lambda pair: (pair[0], pair[1].path.name))


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What was found on a picture, against what is on it."""

    right: tuple[Detection, ...]
    wrong_label: tuple[Detection, ...]
    again: tuple[Detection, ...]  # of an object that a better score had found
    false: tuple[Detection, ...]
    missed: tuple[Truth, ...]


def judge(seen: ServedAnswer) -> GateVerdict:
    """Best scores choose first; each true box is found once."""
    truths = seen.truths or ()
    left = list(truths)
    right, wrong, again, false = [], [], [], []
    for detection in seen.detections:
        there = [truth for truth in truths if overlap(detection.box, truth.box) >= SAME_OBJECT]
        match = max(
            (truth for truth in there if truth in left), key=lambda t: overlap(detection.box, t.box), default=None
        )
        if match is None:
            (again if there else false).append(detection)
            continue
        left.remove(match)
        (right if match.label == detection.label else wrong).append(detection)
    return GateVerdict(tuple(right), tuple(wrong), tuple(again), tuple(false), tuple(left))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    a, b = (np.array([[box.x0, box.y0, box.x1, box.y1]]) for box in (one, other))
    return float(iou(a, b)[0, 0])


def sharing(seen: Sequence[ServedAnswer]) -> Iterator[tuple[ServedAnswer, ServedAnswer]]:
    """Each picture that shows the same product as another, and its nearest neighbour."""
    for query in seen:
        if any(query.shares_product(other) for other in seen if other is not query):
            yield query, nearest(seen, query)[0][1]
