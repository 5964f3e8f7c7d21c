"""The objects on a picture: label, score and box."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from inference.defaults import DEFAULT_MAX_OBJECTS, DEFAULT_MIN_SCORE
from inference.errors import ModelMismatch
from inference.images import Box, Pixels, squash
from inference.runner import ModelRunner, Outputs, Priority
from inference.tensors import DETECT

MIN_SIDE: Final = 0.02
"""Boxes with a side shorter than this fraction of the picture are dropped."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One object on a picture; ``score`` is the detector's confidence, 0..1."""

    label: str
    score: float
    box: Box


class Detector:
    """Finds objects. ``labels`` are the names of the model's classes, in the order of their numbers."""

    def __init__(
        self,
        runner: ModelRunner,
        labels: Sequence[str],
        *,
        min_score: float = DEFAULT_MIN_SCORE,
        max_objects: int = DEFAULT_MAX_OBJECTS,
    ) -> None:
        self._runner = runner
        self._labels = tuple(labels)
        self._min_score = min_score
        self._max_objects = max_objects

    async def detect(self, pixels: Pixels, *, priority: Priority = Priority.LIVE) -> tuple[Detection, ...]:
        """The objects on one picture, ``(height, width, 3) uint8``, best first; raises as `ModelRunner.infer` does."""
        return (await self.detect_squashed(squash(pixels, DETECT.image_size_px)[None], priority=priority))[0]

    async def detect_squashed(
        self, images: Pixels, *, priority: Priority = Priority.LIVE
    ) -> list[tuple[Detection, ...]]:
        """The same for each squashed picture of ``(n, 320, 320, 3) uint8``, in calls of ``DETECT.max_batch``."""
        found: list[tuple[Detection, ...]] = []
        for first in range(0, len(images), DETECT.max_batch):
            part = images[first : first + DETECT.max_batch]
            outputs = await self._runner.infer(DETECT, part, priority=priority)
            found.extend(self._objects(outputs, row) for row in range(len(part)))
        return found

    def _objects(self, outputs: Outputs, row: int) -> tuple[Detection, ...]:
        scores = outputs["scores"][row]
        boxes = clip(outputs["boxes"][row])
        is_kept = (scores >= self._min_score) & has_area(boxes)
        order = [index for index in np.argsort(-scores, kind="stable") if is_kept[index]]
        return tuple(
            Detection(
                label=self._label(int(outputs["labels"][row][index])),
                score=min(float(scores[index]), 1.0),
                box=Box(*(float(edge) for edge in boxes[index])),
            )
            for index in order[: self._max_objects]
        )

    def _label(self, index: int) -> str:
        if not 0 <= index < len(self._labels):
            raise ModelMismatch(f"detect: label {index} of a model with {len(self._labels)} labels")
        return self._labels[index]


def clip(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """``(n, 4)`` corners moved inside the picture; NaN stays NaN."""
    return np.clip(boxes, 0.0, 1.0)


def has_area(boxes: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Whether both sides of ``(n, 4)`` clipped boxes are at least `MIN_SIDE`, ``(n,)``; False for NaN."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return np.asarray((sides >= MIN_SIDE).all(axis=1))
