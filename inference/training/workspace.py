"""One folder of photos and everything made from it, kept under ``runs/``."""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from inference.images import Pixels, decode, squash
from inference.tensors import DETECT, EMBED
from inference.training.data import (
    BROAD,
    DOMAINS,
    Mix,
    Outlines,
    SceneMaker,
    Wardrobe,
    cache_maps,
    find_outlines,
    numbered_broad,
    numbered_view,
    rng_of,
    write_manifest,
)
from inference.training.errors import BadPhotos, TrainingProblem
from inference.training.export import pictures, write_onnx
from inference.training.model import Stem, Tail, load_backbone
from inference.training.photos import PARTS, Photos, read_photos, split
from inference.training.scenes import Scene
from inference.training.settings import DetectSettings, EmbedSettings
from inference.training.train import Views, pool_maps

SPLIT_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where training keeps what it makes; ``prepare`` fills it."""

    folder: Path
    photos: Photos
    parts: dict[str, np.ndarray]
    weights: Path

    @property
    def cache(self) -> Path:
        """Outlines, stems and maps."""
        return self.folder / "cache"

    def backbone(self) -> tuple[Stem, Tail]:
        """Fresh ImageNet weights."""
        return load_backbone(self.weights)

    def outlines(self, *, workers: int = 2) -> Outlines:
        """The garments' outlines, found on the first call."""
        return find_outlines(self.photos.photos, self.cache / "outlines.npz", workers=workers)

    def wardrobe(self, *parts: str) -> Wardrobe:
        """The photos of some parts."""
        members = np.sort(np.concatenate([self.parts[part] for part in parts]))
        return Wardrobe(self.photos.photos, self.outlines(), members)

    def stem(self, size_px: int) -> Path:
        """The frozen stem as ONNX."""
        return self.cache / f"stem-{size_px}.onnx"

    def maps(self, name: str) -> np.ndarray:
        """Cached maps by name: ``views``, ``broad`` or their ``-pooled`` vectors."""
        path = self.cache / f"{name}.npy"
        if not path.is_file():
            raise TrainingProblem(f"no {path}; run `python -m inference.training prepare` first")
        return np.load(path, mmap_mode="r")

    def cached_view(self, wardrobe: Wardrobe, index: int, view: int) -> Pixels:
        """The picture whose maps are cached as that view, drawn again."""
        return wardrobe.view(index, view, rng_of("view", SPLIT_SEED, index, view))

    def views(self, settings: EmbedSettings) -> Views:
        """What an embedding with these settings trains on: its parts, without the labels held out of them."""
        labels = self.photos.label_indices()
        unknown = set(settings.held_out) - set(self.photos.labels)
        if unknown:
            raise TrainingProblem(f"held_out: no label {sorted(unknown)}; there are {self.photos.labels}")
        withheld = [self.photos.labels.index(name) for name in settings.held_out]
        rows = np.sort(np.concatenate([self.parts[part] for part in settings.parts]))
        rows = rows[~np.isin(labels[rows], withheld)]
        return Views(self.maps("views"), np.array(self.maps("views-pooled")), rows, labels[rows])

    def scene_maker(self, settings: DetectSettings, *, drawn: list[Scene]) -> SceneMaker:
        """The detector's pictures for some settings."""
        mix = Mix(settings.composed, settings.whole, settings.mosaic)
        wardrobe = self.wardrobe(*settings.parts)
        return SceneMaker(wardrobe, self.photos.label_indices(), mix, seed=settings.seed, drawn=drawn)


def open_workspace(photos: Path, folder: Path, weights: Path) -> Workspace:
    """The workspace of a folder of labelled pictures; raises BadPhotos if it cannot be used."""
    cv2.setNumThreads(1)
    found = read_photos(photos)
    return Workspace(folder, found, split(found.photographers(), seed=SPLIT_SEED), weights)


def prepare(space: Workspace, *, workers: int, broad: int = BROAD) -> None:
    """Outlines, stems and maps, each made once; going on where an earlier call stopped."""
    space.cache.mkdir(parents=True, exist_ok=True)
    write_manifest(space.cache / "manifest.json", space.photos, seed=SPLIT_SEED)
    stem, tail = space.backbone()
    for spec in (EMBED, DETECT):
        path = space.stem(spec.image_size_px)
        if not path.is_file():
            write_onnx(stem, path, example=pictures(spec.image_size_px), outputs=("s8", "s16"))
    space.outlines(workers=workers)
    wardrobes = [space.wardrobe(part) for part in PARTS]
    for name, count, draw in (
        ("views", len(space.photos.photos) * len(DOMAINS), partial(numbered_view, wardrobes, SPLIT_SEED)),
        ("broad", broad, partial(numbered_broad, wardrobes[0], SPLIT_SEED)),
    ):
        path = space.cache / f"{name}.npy"
        maps = cache_maps(space.stem(EMBED.image_size_px), path, count=count, draw=draw, workers=workers)
        pool_maps(tail, maps, space.cache / f"{name}-pooled.npy", threads=workers)


def read_drawn(folder: Path, labels: tuple[str, ...]) -> list[Scene]:
    """Drawn pictures and the boxes of ``objects.json`` beside them, squashed to 320 px.

    Raises BadPhotos if the file is missing; labels that the photos do not know become unknown.
    """
    table = folder / "objects.json"
    if not table.is_file():
        raise BadPhotos(f"no {table}; write drawn pictures with `python -m deploy.samples --out {folder} --pins 1600`")
    scenes = []
    for name, objects in json.loads(table.read_text()).items():
        pixels = squash(decode((folder / name).read_bytes()), DETECT.image_size_px)
        boxes = np.array([o["box"] for o in objects], np.float32).reshape(-1, 4)
        known = [labels.index(o["label"]) if o["label"] in labels else -1 for o in objects]
        scenes.append(Scene(pixels, boxes, np.array(known, np.int64)))
    return scenes
