"""What training reads: outlines of the garments, every photo in three domains, broad pictures, scenes, batches."""

import hashlib
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from tqdm import tqdm

from inference.images import Pixels, squash
from inference.tensors import DETECT, EMBED
from inference.training.data.augment import Rng, dyed, relit, worn_out
from inference.training.data.backgrounds import drawn_ground, free_standing, ground_from, thing
from inference.training.data.masks import MASK_PX, cut_out, sprite
from inference.training.data.photos import Photo, read_pixels
from inference.training.data.scenes import (
    NO_GARMENT,
    NOTHING,
    Scene,
    camera_view,
    catalogue_view,
    composed,
    mosaic,
    web_view,
    whole_photo,
)

CYCLE: Final = ("camera", "catalogue", "web", "camera")
"""The domains of a photo's views after the first, which is the photo itself; then they repeat."""
RAW, CAMERA, CATALOGUE, WEB = range(4)
JUDGED_VIEWS: Final = 4
"""The first view of each kind is what evaluation uses."""
FORK: Final = multiprocessing.get_context("fork")  # hands the photos to the pool without copying them


def domain(view: int) -> str:
    """What view ``view`` of a photo shows: ``raw``, ``camera``, ``catalogue`` or ``web``."""
    return CYCLE[(view - 1) % len(CYCLE)] if view else "raw"


@dataclass(frozen=True, slots=True)
class Outlines:
    """Where the garment of each photo is; a photo without a clear outline has ``is_clear`` False."""

    masks: np.ndarray  # (n, 144, 144) bool; the inner rectangle where no outline is clear
    is_clear: np.ndarray  # (n,) bool


def rng_of(*key: int | str) -> Rng:
    """A generator that depends on nothing but its key."""
    digest = hashlib.sha256(repr(key).encode()).digest()
    return np.random.default_rng(np.frombuffer(digest[:16], np.uint32))


def find_outlines(photos: Sequence[Photo], path: Path, *, workers: int) -> Outlines:
    """The outlines of all photos, from ``path`` if they were found before."""
    if not path.is_file():
        with ProcessPoolExecutor(workers, FORK, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
            found = list(
                tqdm(pool.map(_outline, photos, chunksize=16), "outlines", len(photos), mininterval=5, leave=False)
            )
        clear = np.array([mask is not None for mask in found])
        masks = np.stack([_inner_rectangle() if mask is None else mask for mask in found])
        np.savez_compressed(path, masks=np.packbits(masks, axis=-1), is_clear=clear)
    with np.load(path) as kept:
        return Outlines(np.unpackbits(kept["masks"], axis=-1).astype(bool), kept["is_clear"])


def _outline(photo: Photo) -> np.ndarray | None:
    return cut_out(photo.pixels())


def _inner_rectangle() -> np.ndarray:
    mask = np.zeros((MASK_PX, MASK_PX), bool)
    edge = round(MASK_PX * 0.07)
    mask[edge:-edge, edge:-edge] = True
    return mask


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """Photos with their outlines: what every picture for training and judging is made from.

    Neighbours on a scene and grounds come from ``members`` alone, so that parts never mix, and from ``others`` if any.
    """

    photos: tuple[Photo, ...]
    outlines: Outlines
    members: np.ndarray  # (m,) indices of the photos that may appear
    others: tuple[Path, ...] = ()  # pictures of anything but garments

    def garment(self, index: int) -> np.ndarray:
        """One cut-out, ``(h, w, 4) uint8``."""
        return sprite(self.photos[index].pixels(), self.outlines.masks[index])

    def ground(self, rng: Rng, *, size_px: int) -> Pixels:
        """A picture without garments: from one of the members, drawn, or one of the others."""
        if self.others and rng.random() < 0.2:
            return camera_view(self.other(rng), rng, size_px=size_px)
        index = int(rng.choice(self.members))
        return ground_from(self.photos[index].pixels(), self.outlines.masks[index], rng, size_px=size_px)

    def picture(self, index: int, *, size_px: int) -> Pixels:
        """One photo as it is, squashed."""
        return squash(self.photos[index].pixels(), size_px)

    def thing(self, rng: Rng) -> np.ndarray:
        """Something that is no garment, ``(h, w, 4) uint8``."""
        if self.others and rng.random() < 0.6:
            return free_standing(self.other(rng))
        return thing(self.photos[int(rng.choice(self.members))].pixels(), rng)

    def other(self, rng: Rng) -> Pixels:
        """A picture of anything but garments."""
        return read_pixels(self.others[int(rng.integers(len(self.others)))])

    def view(self, index: int, number: int, rng: Rng) -> Pixels:
        """One photo in the domain of view ``number``, ``(224, 224, 3) uint8``."""
        size_px, kind = EMBED.image_size_px, domain(number)
        if kind == "raw":
            return self.picture(index, size_px=size_px)
        if kind == "camera":
            return camera_view(self.photos[index].pixels(), rng, size_px=size_px)
        if kind == "catalogue":
            return catalogue_view(self.garment(index), rng, size_px=size_px)
        others = [self.garment(int(i)) for i in rng.choice(self.members, int(rng.integers(0, 4)))]
        ground = self.ground(rng, size_px=2 * size_px)
        return web_view(self.garment(index), ground, others, rng, size_px=size_px)

    def broad(self, rng: Rng) -> Pixels:
        """A picture of no garment in particular: a small piece of a photo, a ground, or a drawing."""
        size_px = EMBED.image_size_px
        if rng.random() < 0.4:
            return drawn_ground(rng, size_px=size_px)
        if rng.random() < 0.4:
            return self.ground(rng, size_px=size_px)
        pixels = self.photos[int(rng.choice(self.members))].pixels()
        height, width = pixels.shape[:2]
        side = int(rng.uniform(0.15, 0.5) * min(height, width))
        y, x = int(rng.integers(0, height - side)), int(rng.integers(0, width - side))
        return relit(squash(pixels[y : y + side, x : x + side], size_px), rng, strength=2.0)


@dataclass(frozen=True, slots=True)
class Broad:
    """Pictures of anything: files, and then as many as wanted made from a wardrobe. Each has several views."""

    files: tuple[Path, ...]
    made: int
    wardrobe: Wardrobe
    seed: int

    def __len__(self) -> int:
        return len(self.files) + self.made

    def view(self, index: int, number: int) -> Pixels:
        """View ``number`` of a picture, ``(224, 224, 3) uint8``; the first is the picture itself."""
        if index < len(self.files):
            pixels = read_pixels(self.files[index])
        else:
            pixels = self.wardrobe.broad(rng_of("broad", self.seed, index - len(self.files)))
        if number == 0:
            return squash(pixels, EMBED.image_size_px)
        return camera_view(pixels, rng_of("broad view", self.seed, index, number), size_px=EMBED.image_size_px)


# --- batches --------------------------------------------------------------------------------------


def balanced_weights(labels: np.ndarray) -> np.ndarray:
    """How likely each photo is drawn, ``(n,)`` summing to 1: by the root of its label's count, so that rare
    labels come often enough and common ones are not starved.
    """
    counts = np.bincount(labels + 1)
    weights = 1 / np.sqrt(counts[labels + 1])
    return weights / weights.sum()


def embed_batches(
    labels: np.ndarray, *, views: int, photos_per_batch: int, seed: int, first_step: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Endless ``(rows, views)``, each ``(2 * photos_per_batch,) int64``: every photo in two different domains.

    Step k's batch depends on the seed and k alone, so a resumed run sees what it would have seen.
    """
    weights = balanced_weights(labels)
    kinds = np.array([domain(view) for view in range(views)])
    groups = [np.flatnonzero(np.isin(kinds, names)) for names in (("raw", "camera"), ("catalogue",), ("web",))]
    step = first_step
    while True:
        rng = rng_of("batch", seed, step)
        rows = rng.choice(len(labels), photos_per_batch, replace=len(labels) < photos_per_batch, p=weights)
        pairs = rng.permuted(np.tile(np.arange(3), (photos_per_batch, 1)), axis=1)[:, :2]
        drawn = [rng.choice(group, (photos_per_batch, 2)) for group in groups]
        yield np.tile(rows, 2), np.select([pairs == g for g in range(3)], drawn).T.reshape(-1)
        step += 1


def broad_batches(
    pictures: int, *, views: int, pictures_per_batch: int, seed: int, first_step: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """As `embed_batches`, of broad pictures: each in two different views of it."""
    step = first_step
    while True:
        rng = rng_of("broad batch", seed, step)
        rows = rng.choice(pictures, pictures_per_batch, replace=pictures < pictures_per_batch)
        seen = rng.permuted(np.tile(np.arange(views), (pictures_per_batch, 1)), axis=1)[:, :2]
        yield np.tile(rows, 2), seen.T.reshape(-1)
        step += 1


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of the detector's pictures; what is left of 1 are pictures without garments.

    ``dyed`` is a share of garments, and of whole photos, that get another colour: each kind comes in all of them.
    """

    composed: float = 0.52
    whole: float = 0.28
    mosaic: float = 0.13
    dyed: float = 0.0


class SceneMaker:
    """The detector's pictures, by number: the same number is always the same picture."""

    def __init__(self, wardrobe: Wardrobe, labels: np.ndarray, mix: Mix, *, seed: int, drawn: Sequence[Scene] = ()):
        clear = wardrobe.outlines.is_clear[wardrobe.members]
        self.wardrobe, self.labels, self.mix, self.seed, self.drawn = wardrobe, labels, mix, seed, drawn
        self.clear = wardrobe.members[clear]
        self.weights = balanced_weights(labels[self.clear])

    def rng(self, kind: str, number: int) -> Rng:
        """The randomness of one numbered scene."""
        return rng_of("scene", kind, self.seed, number)

    def scene(self, number: int) -> Scene:
        """Scene ``number``, 320 px."""
        rng = self.rng("any", number)
        kind = rng.random()
        if kind < self.mix.composed:
            return self.composed(rng)
        if kind < self.mix.composed + self.mix.whole:
            return self.whole(rng)
        if kind < self.mix.composed + self.mix.whole + self.mix.mosaic:
            return self.mosaic(rng)
        return self.empty(rng)

    def _pick(self, rng: Rng, count: int) -> np.ndarray:
        return rng.choice(self.clear, count, p=self.weights)

    def composed(self, rng: Rng) -> Scene:
        """Cut-outs on a ground; one in five is a drawn pin, where there are any."""
        if self.drawn and rng.random() < 0.2:
            scene = self.drawn[int(rng.integers(len(self.drawn)))]
            return Scene(worn_out(relit(scene.pixels, rng, strength=0.5), rng), scene.boxes, scene.labels)
        return self._laid_out(rng, self._pick(rng, int(rng.integers(1, 7))), things=int(rng.integers(0, 3)))

    def garments_alone(self, rng: Rng) -> Scene:
        """As `composed`, without other things: the easier scenes that others judge on."""
        return self._laid_out(rng, self._pick(rng, int(rng.integers(1, 7))), things=0)

    def _laid_out(self, rng: Rng, chosen: np.ndarray, *, things: int) -> Scene:
        items = [self._garment(int(i), rng) for i in chosen]
        items += [self.wardrobe.thing(rng) for _ in range(things)]
        labels = np.concatenate([self.labels[chosen], np.full(things, NO_GARMENT)])
        order = rng.permutation(len(items))
        ground = self.wardrobe.ground(rng, size_px=DETECT.image_size_px)
        scene = composed(ground, [items[i] for i in order], labels[order], rng)
        return Scene(worn_out(scene.pixels, rng), scene.boxes, scene.labels)

    def _garment(self, index: int, rng: Rng) -> np.ndarray:
        garment = self.wardrobe.garment(index)
        return np.dstack([dyed(garment[..., :3], rng), garment[..., 3]]) if self._wants_dye(rng) else garment

    def _wants_dye(self, rng: Rng) -> bool:
        return self.mix.dyed > 0 and rng.random() < self.mix.dyed

    def whole(self, rng: Rng) -> Scene:
        """A real photo."""
        index = int(self._pick(rng, 1)[0])
        pixels, mask = self.wardrobe.photos[index].pixels(), self.wardrobe.outlines.masks[index]
        pixels = dyed(pixels, rng) if self._wants_dye(rng) else pixels
        return whole_photo(pixels, mask, int(self.labels[index]), rng, size_px=DETECT.image_size_px)

    def mosaic(self, rng: Rng) -> Scene:
        """Two to six real photos in a grid."""
        rows, columns = [(1, 2), (2, 1), (2, 2), (2, 2), (2, 3), (3, 2)][int(rng.integers(6))]
        parts = [self.whole(rng) for _ in range(rows * columns)]
        return mosaic(parts, rows, columns, size_px=DETECT.image_size_px)

    def empty(self, rng: Rng) -> Scene:
        """A picture without garments: one of others, or a ground, bare or with other things."""
        if self.wardrobe.others and rng.random() < 0.5:
            return Scene(camera_view(self.wardrobe.other(rng), rng, size_px=DETECT.image_size_px), *NOTHING)
        things = int(rng.integers(1, 7)) if rng.random() < 0.6 else 0
        return self._laid_out(rng, np.zeros(0, np.int64), things=things)
