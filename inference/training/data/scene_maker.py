"""The detector's scenes by number, in the shares that a run's settings give."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inference.tensors import DETECT
from inference.training.arrays import Ints, Rgba
from inference.training.data.augment import Rng, degrade, jitter_colours, keyed_rng, shift_hue
from inference.training.data.batches import balanced_weights
from inference.training.data.photo_pool import PhotoPool
from inference.training.data.scenes import DISTRACTOR, NO_BOXES, Scene, compose, mosaic, photo_scene
from inference.training.data.views import camera_view

GRIDS = ((1, 2), (2, 1), (2, 2), (2, 2), (2, 3), (3, 2))


@dataclass(frozen=True, slots=True)
class SceneShares:
    """Shares of the kinds of scenes; what is left of 1 are pictures without garments."""

    composed: float = 0.52
    whole: float = 0.28
    mosaic: float = 0.13
    dyed: float = 0.0  # share of garments and whole photos that get another hue, so that labels do not go by colour


class SceneMaker:
    """The same number is always the same scene. ``drawn`` are sample pins with known boxes."""

    def __init__(
        self, pool: PhotoPool, labels: Ints, shares: SceneShares, *, seed: int, drawn: Sequence[Scene] = ()
    ) -> None:
        self.pool, self.labels, self.shares, self.seed, self.drawn = pool, labels, shares, seed, drawn
        self.clear = pool.members[pool.masks.is_clear[pool.members]]
        self.weights = balanced_weights(labels[self.clear])

    def rng(self, kind: str, number: int) -> Rng:
        """The randomness of one numbered scene."""
        return keyed_rng("scene", kind, self.seed, number)

    def scene(self, number: int) -> Scene:
        """``(320, 320, 3)``."""
        rng = self.rng("any", number)
        kind = rng.random()
        if kind < self.shares.composed:
            return self.composed(rng)
        if kind < self.shares.composed + self.shares.whole:
            return self.whole(rng)
        if kind < self.shares.composed + self.shares.whole + self.shares.mosaic:
            return self.mosaic(rng)
        return self.empty(rng)

    def composed(self, rng: Rng) -> Scene:
        """Garments and distractors on a background; one in five is a sample pin, if there are any."""
        if self.drawn and rng.random() < 0.2:
            scene = self.drawn[int(rng.integers(len(self.drawn)))]
            return Scene(degrade(jitter_colours(scene.pixels, rng, strength=0.5), rng), scene.boxes, scene.labels)
        return self._compose(rng, self._pick(rng, int(rng.integers(1, 7))), distractors=int(rng.integers(0, 3)))

    def garments_alone(self, rng: Rng) -> Scene:
        """As `composed`, without distractors: the easier scenes that other work is evaluated on."""
        return self._compose(rng, self._pick(rng, int(rng.integers(1, 7))), distractors=0)

    def whole(self, rng: Rng) -> Scene:
        """A real photo."""
        index = int(self._pick(rng, 1)[0])
        pixels, mask = self.pool.photos[index].pixels(), self.pool.masks.masks[index]
        pixels = shift_hue(pixels, rng) if self._gets_hue(rng) else pixels
        return photo_scene(pixels, mask, int(self.labels[index]), rng, size_px=DETECT.image_size_px)

    def mosaic(self, rng: Rng) -> Scene:
        """Two to six real photos in a grid."""
        rows, columns = GRIDS[int(rng.integers(len(GRIDS)))]
        parts = [self.whole(rng) for _ in range(rows * columns)]
        return mosaic(parts, rows, columns, size_px=DETECT.image_size_px)

    def empty(self, rng: Rng) -> Scene:
        """A picture without garments: one of the others, or a background, bare or with distractors."""
        if self.pool.others and rng.random() < 0.5:
            return Scene(camera_view(self.pool.other(rng), rng, size_px=DETECT.image_size_px), *NO_BOXES)
        distractors = int(rng.integers(1, 7)) if rng.random() < 0.6 else 0
        return self._compose(rng, np.zeros(0, np.int64), distractors=distractors)

    def _pick(self, rng: Rng, count: int) -> Ints:
        return rng.choice(self.clear, count, p=self.weights)

    def _compose(self, rng: Rng, chosen: Ints, *, distractors: int) -> Scene:
        items = [self._garment(int(i), rng) for i in chosen]
        items += [self.pool.distractor(rng) for _ in range(distractors)]
        labels = np.concatenate([self.labels[chosen], np.full(distractors, DISTRACTOR)])
        order = rng.permutation(len(items))
        background = self.pool.background(rng, size_px=DETECT.image_size_px)
        scene = compose(background, [items[i] for i in order], labels[order], rng)
        return Scene(degrade(scene.pixels, rng), scene.boxes, scene.labels)

    def _garment(self, index: int, rng: Rng) -> Rgba:
        garment = self.pool.garment(index)
        return np.dstack([shift_hue(garment[..., :3], rng), garment[..., 3]]) if self._gets_hue(rng) else garment

    def _gets_hue(self, rng: Rng) -> bool:
        return self.shares.dyed > 0 and rng.random() < self.shares.dyed
