"""The figures of one detector: on made scenes, on real photos, and on pictures without garments."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from inference.defaults import DEFAULT_MIN_SCORE
from inference.images import Pixels
from inference.tensors import DETECT
from inference.training.arrays import Ints
from inference.training.data.augment import Rng
from inference.training.data.masks import box_of
from inference.training.data.photo_pool import PhotoPool
from inference.training.data.scene_maker import SceneMaker
from inference.training.data.scenes import Scene
from inference.training.evaluate.boxes import Detect, predict, score_photos, score_scenes
from inference.training.evaluate.retrieval import Figure, interval

FALSE: Final = "false boxes"
KEPT: Final = "false boxes that a worker keeps"
MIN_SCORES: Final = {FALSE: 0.5, KEPT: DEFAULT_MIN_SCORE}


def evaluate_detector(detect: Detect, pool: PhotoPool, maker: SceneMaker, *, scenes: int) -> dict[str, object]:
    """Every figure on the photos of one part; ``scenes`` of each made kind."""
    numbers = range(scenes)

    def made(kind: str, make: Callable[[Rng], Scene]) -> dict[str, float]:
        pictures = [make(maker.rng(kind, i)) for i in numbers]
        return score_scenes(predict(detect, [scene.pixels for scene in pictures]), pictures)

    return {
        "composed scenes": made("composed", maker.composed),
        "composed scenes of garments alone": made("alone", maker.garments_alone),
        "mosaics of real photos": made("mosaic", maker.mosaic),
        "real photos": _evaluate_photos(detect, pool, maker.labels),
        "pictures without garments": false_boxes(detect, [maker.empty(maker.rng("empty", i)).pixels for i in numbers]),
    }


def _evaluate_photos(detect: Detect, pool: PhotoPool, labels: Ints) -> dict[str, Figure]:
    rows = pool.members[pool.masks.is_clear[pool.members]]
    pictures = [pool.picture(int(i), size_px=DETECT.image_size_px) for i in rows]
    boxes = [box_of(pool.masks.masks[i]) for i in rows]
    truth = np.array([[b.x0, b.y0, b.x1, b.y1] for b in boxes])
    who = np.array([pool.photos[i].photographer for i in rows])
    values = score_photos(predict(detect, pictures), truth, labels[rows])
    return {name: interval(v.astype(np.float64), who) for name, v in values.items()}


def false_boxes(detect: Detect, pictures: Sequence[Pixels]) -> dict[str, float]:
    """Boxes per picture where there is no garment: those with a score over 0.5, and all that a worker keeps."""
    found = predict(detect, pictures)
    counts = {name: float(np.mean([(f.scores > score).sum() for f in found])) for name, score in MIN_SCORES.items()}
    return {**counts, "pictures": float(len(pictures))}
