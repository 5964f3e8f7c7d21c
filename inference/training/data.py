"""What training reads: outlines of the garments, and cached maps of every photo in three domains.

The frozen stem is the dearer half of the backbone, so it runs once over each view, in onnxruntime,
and training starts from its stride-16 maps. A cache belongs to one folder of photos and one seed.
"""

import hashlib
import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import onnxruntime as ort
from tqdm import tqdm

from inference.images import Pixels, squash
from inference.tensors import DETECT, EMBED
from inference.training.cutouts import MASK_PX, cut_out, sprite
from inference.training.errors import TrainingProblem
from inference.training.graphs import session
from inference.training.grounds import drawn_ground, ground_from, thing
from inference.training.light import Rng, relit, worn_out
from inference.training.photos import Photo, Photos
from inference.training.scenes import (
    NO_GARMENT,
    Scene,
    camera_view,
    catalogue_view,
    composed,
    mosaic,
    web_view,
    whole_photo,
)

DOMAINS: Final = ("raw", "camera", "camera", "camera", "camera", "camera", "catalogue", "catalogue", "catalogue",
                  "web", "web", "web")  # fmt: skip
"""The domain of each cached view; the first of each kind is what evaluation uses."""
RAW, CAMERA, CATALOGUE, WEB = (DOMAINS.index(d) for d in ("raw", "camera", "catalogue", "web"))
MAP: Final = (112, EMBED.image_size_px // 16, EMBED.image_size_px // 16)
FORK: Final = multiprocessing.get_context("fork")  # hands the photos to the pool without copying them
BROAD: Final = 3000
"""How many pictures of no garment in particular are cached: what a rotation is fitted on, beside the photos."""


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

    Neighbours on a scene and grounds come from ``members`` alone, so that parts never mix.
    """

    photos: tuple[Photo, ...]
    outlines: Outlines
    members: np.ndarray  # (m,) indices of the photos that may appear

    def garment(self, index: int) -> np.ndarray:
        """One cut-out, ``(h, w, 4) uint8``."""
        return sprite(self.photos[index].pixels(), self.outlines.masks[index])

    def ground(self, rng: Rng, *, size_px: int) -> Pixels:
        """A picture without garments, from one of the members or drawn."""
        index = int(rng.choice(self.members))
        return ground_from(self.photos[index].pixels(), self.outlines.masks[index], rng, size_px=size_px)

    def picture(self, index: int, *, size_px: int) -> Pixels:
        """One photo as it is, squashed."""
        return squash(self.photos[index].pixels(), size_px)

    def thing(self, rng: Rng) -> np.ndarray:
        """Something that is no garment, ``(h, w, 4) uint8``."""
        return thing(self.photos[int(rng.choice(self.members))].pixels(), rng)

    def view(self, index: int, number: int, rng: Rng) -> Pixels:
        """One photo in the domain of view ``number``, ``(224, 224, 3) uint8``."""
        size_px, domain = EMBED.image_size_px, DOMAINS[number]
        if domain == "raw":
            return self.picture(index, size_px=size_px)
        if domain == "camera":
            return camera_view(self.photos[index].pixels(), rng, size_px=size_px)
        if domain == "catalogue":
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


# --- cached maps for the embedding ----------------------------------------------------------------


def cache_maps(stem: Path, path: Path, *, count: int, draw: Callable[[int], Pixels], workers: int) -> np.ndarray:
    """Stride-16 maps of ``count`` pictures, ``(count, 112, 14, 14) float16``, drawn and run once."""
    if not path.is_file():
        partial_path = path.with_suffix(".partial.npy")
        maps = np.lib.format.open_memmap(partial_path, "w+", np.float16, (count, *MAP))
        chunks = np.array_split(np.arange(count), max(count // 64, 1))
        with ProcessPoolExecutor(workers, FORK, initializer=_open, initargs=(stem, draw)) as pool:
            done = pool.map(_maps_of, chunks)
            for chunk, found in zip(chunks, tqdm(done, path.stem, len(chunks), mininterval=5), strict=True):
                maps[chunk] = found
        maps.flush()
        partial_path.rename(path)
    return np.load(path, mmap_mode="r")


_opened: tuple[ort.InferenceSession, Callable[[int], Pixels]] | None = None  # one a process of the pool


def _open(stem: Path, draw: Callable[[int], Pixels]) -> None:
    global _opened  # noqa: PLW0603 - a pool's initializer has no other place to leave what it opened
    cv2.setNumThreads(1)
    _opened = session(stem), draw


def _maps_of(chunk: np.ndarray) -> np.ndarray:
    assert _opened is not None  # noqa: S101 - narrows a type
    stem, draw = _opened
    pictures = [draw(int(i)) for i in chunk]
    maps = [stem.run(["s16"], {"images": np.stack(pictures[i : i + 8])})[0] for i in range(0, len(pictures), 8)]
    return np.concatenate(maps).astype(np.float16)


def numbered_view(wardrobes: Sequence[Wardrobe], seed: int, number: int) -> Pixels:
    """Picture ``number`` of the cache: photo after photo, each in every view, in its own part's wardrobe."""
    index, view = divmod(number, len(DOMAINS))
    wardrobe = next(w for w in wardrobes if index in w.members)
    return wardrobe.view(index, view, rng_of("view", seed, index, view))


def numbered_broad(wardrobe: Wardrobe, seed: int, number: int) -> Pixels:
    """Broad picture ``number``."""
    return wardrobe.broad(rng_of("broad", seed, number))


# --- batches --------------------------------------------------------------------------------------


def balanced_weights(labels: np.ndarray) -> np.ndarray:
    """How likely each photo is drawn, ``(n,)`` summing to 1: by the root of its label's count, so that rare
    labels come often enough and common ones are not starved.
    """
    counts = np.bincount(labels + 1)
    weights = 1 / np.sqrt(counts[labels + 1])
    return weights / weights.sum()


def embed_batches(
    labels: np.ndarray, *, photos_per_batch: int, seed: int, first_step: int = 0
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Endless ``(rows, views)``, each ``(2 * photos_per_batch,) int64``: every photo in two different domains.

    Step k's batch depends on the seed and k alone, so a resumed run sees what it would have seen.
    """
    weights = balanced_weights(labels)
    groups = [np.flatnonzero(np.isin(DOMAINS, names)) for names in (("raw", "camera"), ("catalogue",), ("web",))]
    step = first_step
    while True:
        rng = rng_of("batch", seed, step)
        rows = rng.choice(len(labels), photos_per_batch, replace=len(labels) < photos_per_batch, p=weights)
        pairs = [rng.permutation(3)[:2] for _ in rows]
        views = np.array([[rng.choice(groups[a]), rng.choice(groups[b])] for a, b in pairs])
        yield np.tile(rows, 2), views.T.reshape(-1)
        step += 1


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of the detector's pictures; what is left of 1 are pictures without garments."""

    composed: float = 0.52
    whole: float = 0.28
    mosaic: float = 0.13


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
        """Cut-outs on a ground; one in five on drawn grounds is a drawn pin, where there are any."""
        if self.drawn and rng.random() < 0.2:
            scene = self.drawn[int(rng.integers(len(self.drawn)))]
            return Scene(worn_out(relit(scene.pixels, rng, strength=0.5), rng), scene.boxes, scene.labels)
        return self._laid_out(rng, self._pick(rng, int(rng.integers(1, 7))), things=int(rng.integers(0, 3)))

    def _laid_out(self, rng: Rng, chosen: np.ndarray, *, things: int) -> Scene:
        items = [self.wardrobe.garment(int(i)) for i in chosen]
        items += [self.wardrobe.thing(rng) for _ in range(things)]
        labels = np.concatenate([self.labels[chosen], np.full(things, NO_GARMENT)])
        order = rng.permutation(len(items))
        ground = self.wardrobe.ground(rng, size_px=DETECT.image_size_px)
        scene = composed(ground, [items[i] for i in order], labels[order], rng)
        return Scene(worn_out(scene.pixels, rng), scene.boxes, scene.labels)

    def whole(self, rng: Rng) -> Scene:
        """A real photo."""
        index = int(self._pick(rng, 1)[0])
        pixels, mask = self.wardrobe.photos[index].pixels(), self.wardrobe.outlines.masks[index]
        return whole_photo(pixels, mask, int(self.labels[index]), rng, size_px=DETECT.image_size_px)

    def mosaic(self, rng: Rng) -> Scene:
        """Two to six real photos in a grid."""
        rows, columns = [(1, 2), (2, 1), (2, 2), (2, 2), (2, 3), (3, 2)][int(rng.integers(6))]
        parts = [self.whole(rng) for _ in range(rows * columns)]
        return mosaic(parts, rows, columns, size_px=DETECT.image_size_px)

    def empty(self, rng: Rng) -> Scene:
        """A picture without garments, bare or with other things."""
        things = int(rng.integers(1, 7)) if rng.random() < 0.6 else 0
        return self._laid_out(rng, np.zeros(0, np.int64), things=things)


def write_manifest(path: Path, photos: Photos, *, seed: int) -> None:
    """What the cache was made from; raises TrainingProblem if ``path`` says something else."""
    names = hashlib.sha256("\n".join(p.path.name for p in photos.photos).encode()).hexdigest()
    now = {"photos": len(photos.photos), "names": names, "seed": seed, "views": list(DOMAINS), "broad": BROAD}
    if path.is_file() and json.loads(path.read_text()) != now:
        raise TrainingProblem(
            f"{path.parent} was made from other photos, views or another seed; remove it or name another"
        )
    path.write_text(json.dumps(now))
