"""One folder of photos, and everything that is made from it under ``runs/``."""

import json
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.images import Pixels, squash
from inference.tensors import DETECT
from inference.training.arrays import Ints
from inference.training.data.augment import keyed_rng
from inference.training.data.masks import GarmentMasks, find_masks
from inference.training.data.photo_pool import PhotoPool
from inference.training.data.photos import UNKNOWN, Photos, read_photos, read_pixels
from inference.training.data.sample_objects import read_objects
from inference.training.data.scene_maker import SceneMaker, SceneShares
from inference.training.data.scenes import Scene
from inference.training.data.split import split
from inference.training.errors import TrainingProblem
from inference.training.model.backbone import POINTS, Backbone, load_backbone
from inference.training.model.onnx_import import import_backbone
from inference.training.model.weights import file_sha256
from inference.training.settings import DetectSettings, EmbedSettings
from inference.training.train.cache import CachedViews, open_views
from inference.training.train.embed import TrainingViews

SPLIT_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where training keeps what it makes; `prepare.prepare` fills the cache."""

    folder: Path
    photos: Photos
    parts: dict[str, Ints]
    weights: Path

    @property
    def cache(self) -> Path:
        """The folder of masks, and of what the frozen part of the backbone makes of every picture."""
        return self.folder / "cache"

    def backbone(self) -> Backbone:
        """With the weights to start with: ImageNet's, or those of a served embedding."""
        return import_backbone(self.weights) if self.weights.suffix == ".onnx" else load_backbone(self.weights)

    def masks(self, *, workers: int = 2) -> GarmentMasks:
        """The garments' masks, found on the first call."""
        self.cache.mkdir(parents=True, exist_ok=True)
        kept = self.cache / f"outlines-{self.photos.digest()[:16]}.npz"
        return find_masks(self.photos.photos, kept, workers=workers)

    def pool(self, *parts: str, others: tuple[Path, ...] = ()) -> PhotoPool:
        """The photos of some parts, and pictures of anything but garments."""
        members = np.sort(np.concatenate([self.parts[part] for part in parts]))
        return PhotoPool(self.photos.photos, self.masks(), members, others)

    def cached(self, name: str) -> CachedViews:
        """The cached views of ``photos``, ``broad`` or ``elsewhere``.

        Raises TrainingProblem if there are none, or they were made from other photos or with other weights.
        """
        views = open_views(self.cache, name)
        self.check_origin()
        return views

    def has(self, name: str) -> bool:
        """Whether there are such views."""
        return (self.cache / f"{name}-starts.npy").is_file()

    def origin(self) -> dict[str, str]:
        """The SHA-256 of what a cache depends on, by the option that names it."""
        return {"photos": self.photos.digest(), "weights": file_sha256(self.weights)}

    def check_origin(self) -> None:
        """Raises TrainingProblem if the cache was made from other photos or with other weights."""
        kept = self.manifest()
        for name, mine in self.origin().items():
            if kept.get(name) != mine:
                raise TrainingProblem(
                    f"{self.cache} was prepared with other {name}: SHA-256 {kept.get(name)}, here {mine}; "
                    f"give --{name} as `prepare` had it, or another --runs"
                )

    def manifest(self) -> dict[str, Any]:
        """What the cache was made from; raises TrainingProblem if there is none."""
        manifest = self.cache / "manifest.json"
        if not manifest.is_file():
            raise TrainingProblem(f"no {manifest}; run `python -m inference.training prepare` first")
        return dict(json.loads(manifest.read_text()))

    @property
    def cut(self) -> str:
        """Where the cached maps were taken."""
        return str(self.manifest()["cut"])

    @property
    def elsewhere(self) -> str | None:
        """The digest of the cached pictures of another domain, None without any."""
        kept = self.manifest().get("elsewhere")
        return None if kept is None else str(kept)

    def view(self, pool: PhotoPool, index: int, view: int) -> Pixels:
        """One photo in one view: the same on every call."""
        return pool.view(index, view, keyed_rng("view", SPLIT_SEED, index, view))

    def training_views(self, settings: EmbedSettings) -> TrainingViews:
        """What an embedding trains on: the parts that its settings name, without the labels held out."""
        labels = self.photos.label_indices()
        unknown = set(settings.held_out) - set(self.photos.labels)
        if unknown:
            raise TrainingProblem(f"held_out: no label {sorted(unknown)}; there are {self.photos.labels}")
        if POINTS.index(settings.cut) < POINTS.index(self.cut):
            raise TrainingProblem(
                f"cut is {settings.cut!r}, but {self.cache} was prepared with --cut {self.cut}; "
                "expected that or a later one"
            )
        held_out = [self.photos.labels.index(name) for name in settings.held_out]
        rows = np.sort(np.concatenate([self.parts[part] for part in settings.parts]))
        rows = rows[~np.isin(labels[rows], held_out)]
        photos = self.cached("photos")
        per_photo = int((photos.starts[rows + 1] - photos.starts[rows]).min())
        return TrainingViews(photos, self.cached("broad"), self.cut, per_photo, rows, labels[rows])

    def scene_maker(self, settings: DetectSettings, *, drawn: list[Scene], others: tuple[Path, ...]) -> SceneMaker:
        """The detector's scenes; ``others`` are pictures of anything but garments."""
        shares = SceneShares(settings.composed, settings.whole, settings.mosaic, settings.dyed)
        pool = self.pool(*settings.parts, others=others)
        return SceneMaker(pool, self.photos.label_indices(), shares, seed=settings.seed, drawn=drawn)


def open_workspace(photos: Path, folder: Path, weights: Path) -> Workspace:
    """The workspace of a folder of labelled pictures; raises BadPhotos if that cannot be used."""
    cv2.setNumThreads(1)  # a process that is forked while OpenCV's threads run would wait for them for ever
    found = read_photos(photos)
    return Workspace(folder, found, split(found.photographers(), seed=SPLIT_SEED), weights)


def read_drawn(folder: Path, labels: tuple[str, ...]) -> list[Scene]:
    """Sample pins with the boxes of their ``objects.json``, squashed to 320 px; other labels become unknown.

    Raises BadPhotos if the file or a picture cannot be read.
    """
    scenes = []
    for name, objects in read_objects(folder).items():
        pixels = squash(read_pixels(folder / name), DETECT.image_size_px)
        boxes = np.array([astuple(each.box) for each in objects], np.float32).reshape(-1, 4)
        known = [labels.index(each.label) if each.label in labels else UNKNOWN for each in objects]
        scenes.append(Scene(pixels, boxes, np.array(known, np.int64)))
    return scenes
