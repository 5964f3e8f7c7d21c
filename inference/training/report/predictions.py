"""What the served models find on a folder of pictures, by the worker's own code; needs no torch."""

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
from inference.training.data.sample_objects import TABLE, GroundTruth, read_objects
from inference.training.errors import BadPhotos
from inference.training.evaluate.boxes import iou
from pinstream.store.codes import Code, hamming

SAME_OBJECT: Final = 0.5
"""A predicted box is of a true one if their IoU is at least this."""


@dataclass(frozen=True, slots=True)
class PicturePrediction:
    """One picture with its code and detections, and with what is on it; None if that is unknown."""

    path: Path
    code: Code
    detections: tuple[Detection, ...]
    truths: tuple[GroundTruth, ...] | None

    def pixels(self, size_px: int) -> Pixels:
        """The picture as the models see it, ``(size, size, 3) uint8``."""
        return squash(decode(self.path.read_bytes()), size_px)

    def shares_product(self, other: "PicturePrediction") -> bool:
        """Whether both pictures show the same product."""
        mine, theirs = ({truth.product for truth in each.truths or ()} for each in (self, other))
        return bool(mine & theirs)


def predict_folder(folder: Path, *, most: int) -> list[PicturePrediction]:
    """Runs both models on at most ``most`` pictures of a folder, evenly spread over their names.

    Raises BadPhotos if fewer than two can be read, InferenceError if the models cannot be opened.
    """
    found = find([folder]) if folder.is_dir() else []
    chosen = [found[i] for i in evenly_spread(len(found), most)]
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

    async def run() -> tuple[list[Code], list[tuple[Detection, ...]]]:
        models = OnnxModels()
        return (
            await Embedder(models).embed_squashed(small),
            await Detector(models, labels()).detect_squashed(big.images),
        )

    codes, detections = asyncio.run(run())
    return [
        PicturePrediction(path, code, found, truths.get(path.name))
        for path, code, found in zip(paths, codes, detections, strict=True)
    ]


def evenly_spread(count: int, wanted: int) -> list[int]:
    """``wanted`` of ``count`` numbers or all of them, evenly spread, ascending."""
    return [int(i) for i in np.linspace(0, count - 1, min(count, wanted)).round()] if count else []


def nearest(pictures: Sequence[PicturePrediction], query: PicturePrediction) -> list[tuple[int, PicturePrediction]]:
    """The other pictures by Hamming distance of their codes, nearest first; ties by name."""
    others = [(hamming(query.code, each.code), each) for each in pictures if each is not query]
    return sorted(others, key=lambda pair: (pair[0], pair[1].path.name))


@dataclass(frozen=True, slots=True)
class MatchedDetections:
    """The detections on a picture, matched with what is on it."""

    correct: tuple[Detection, ...]
    wrong_label: tuple[Detection, ...]
    duplicate: tuple[Detection, ...]  # of an object that a detection with a higher score has
    false: tuple[Detection, ...]  # of nothing
    missed: tuple[GroundTruth, ...]


def match(picture: PicturePrediction) -> MatchedDetections:
    """In the order of scores; each true box is matched once."""
    truths = picture.truths or ()
    left = list(truths)
    correct: list[Detection] = []
    wrong: list[Detection] = []
    duplicate: list[Detection] = []
    false: list[Detection] = []
    for detection in picture.detections:
        there = [truth for truth in truths if box_iou(detection.box, truth.box) >= SAME_OBJECT]
        best = max(
            (truth for truth in there if truth in left), key=lambda t: box_iou(detection.box, t.box), default=None
        )
        if best is None:
            (duplicate if there else false).append(detection)
            continue
        left.remove(best)
        (correct if best.label == detection.label else wrong).append(detection)
    return MatchedDetections(tuple(correct), tuple(wrong), tuple(duplicate), tuple(false), tuple(left))


def box_iou(one: Box, other: Box) -> float:
    a, b = (np.array([[box.x0, box.y0, box.x1, box.y1]]) for box in (one, other))
    return float(iou(a, b)[0, 0])


def sharing_products(pictures: Sequence[PicturePrediction]) -> Iterator[tuple[PicturePrediction, PicturePrediction]]:
    """Each picture that shows the same product as another, and its nearest neighbour."""
    for query in pictures:
        if any(query.shares_product(other) for other in pictures if other is not query):
            yield query, nearest(pictures, query)[0][1]
