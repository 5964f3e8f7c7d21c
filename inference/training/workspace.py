"""One folder of photos and everything made from it, kept under ``runs/``."""

import json
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from inference.images import Pixels, squash
from inference.tensors import DETECT, EMBED
from inference.training.data.photos import PARTS, Photos, pictures_in, read_photos, read_pixels, split
from inference.training.data.sample_objects import read_objects
from inference.training.data.scenes import Scene
from inference.training.data.wardrobe import (
    JUDGED_VIEWS,
    Broad,
    Mix,
    Outlines,
    SceneMaker,
    Wardrobe,
    find_outlines,
    rng_of,
)
from inference.training.errors import TrainingProblem
from inference.training.model.networks import POINTS, Backbone, load_backbone
from inference.training.model.onnx_files import sha256
from inference.training.model.onnx_import import backbone_from
from inference.training.settings import DetectSettings, EmbedSettings
from inference.training.train.cache import Cache, Frozen, add_elsewhere, fill, frozen_part, open_cache, write_manifest
from inference.training.train.embed import Views
from inference.training.train.runs import device

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
        """Outlines and what the frozen part of the backbone makes of every picture."""
        return self.folder / "cache"

    def backbone(self) -> Backbone:
        """With the weights to begin with: ImageNet's, or those of a served embedding."""
        return backbone_from(self.weights) if self.weights.suffix == ".onnx" else load_backbone(self.weights)

    def outlines(self, *, workers: int = 2) -> Outlines:
        """The garments' outlines, found on the first call."""
        self.cache.mkdir(parents=True, exist_ok=True)
        kept = self.cache / f"outlines-{self.photos.digest()[:16]}.npz"
        return find_outlines(self.photos.photos, kept, workers=workers)

    def wardrobe(self, *parts: str, others: tuple[Path, ...] = ()) -> Wardrobe:
        """The photos of some parts, and pictures of anything else."""
        members = np.sort(np.concatenate([self.parts[part] for part in parts]))
        return Wardrobe(self.photos.photos, self.outlines(), members, others)

    def cached(self, name: str) -> Cache:
        """What `prepare` cached: ``photos``, ``broad`` or ``elsewhere``.

        Raises TrainingProblem if it did not, or from other photos or by other weights than the workspace's.
        """
        cache = open_cache(self.cache, name)
        self.check_origin()
        return cache

    def origin(self) -> dict[str, str]:
        """The SHA-256 of what a cache depends on, by the option that names it."""
        return {"photos": self.photos.digest(), "weights": sha256(self.weights)}

    def check_origin(self) -> None:
        """Raises TrainingProblem if the caches were made from other photos or by other weights."""
        kept = self.manifest()
        for name, mine in self.origin().items():
            if kept.get(name) != mine:
                raise TrainingProblem(
                    f"{self.cache} was prepared with other {name}: SHA-256 {kept.get(name)}, here {mine}; "
                    f"give --{name} as `prepare` had it, or another --runs"
                )

    def has(self, name: str) -> bool:
        """Whether there is such a cache."""
        return (self.cache / f"{name}-starts.npy").is_file()

    def manifest(self) -> dict[str, Any]:
        """What the caches were made from; raises TrainingProblem if there are none."""
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
        """The digest of the pictures of another domain that are cached, None without any."""
        kept = self.manifest().get("elsewhere")
        return None if kept is None else str(kept)

    def drawn_view(self, wardrobe: Wardrobe, index: int, view: int) -> Pixels:
        """One photo in one view, as it is cached: the same on every call."""
        return wardrobe.view(index, view, rng_of("view", SPLIT_SEED, index, view))

    def views(self, settings: EmbedSettings) -> Views:
        """What an embedding with these settings trains on: its parts, without the labels held out of them."""
        labels = self.photos.label_indices()
        unknown = set(settings.held_out) - set(self.photos.labels)
        if unknown:
            raise TrainingProblem(f"held_out: no label {sorted(unknown)}; there are {self.photos.labels}")
        if POINTS.index(settings.cut) < POINTS.index(self.cut):
            raise TrainingProblem(
                f"cut is {settings.cut!r}, but {self.cache} was prepared with --cut {self.cut}; "
                "expected that or a later one"
            )
        withheld = [self.photos.labels.index(name) for name in settings.held_out]
        rows = np.sort(np.concatenate([self.parts[part] for part in settings.parts]))
        rows = rows[~np.isin(labels[rows], withheld)]
        photos = self.cached("photos")
        per_photo = int((photos.starts[rows + 1] - photos.starts[rows]).min())
        return Views(photos, self.cached("broad"), self.cut, per_photo, rows, labels[rows])

    def scene_maker(self, settings: DetectSettings, *, drawn: list[Scene], others: tuple[Path, ...]) -> SceneMaker:
        """The detector's pictures for some settings; ``others`` show anything but garments."""
        mix = Mix(settings.composed, settings.whole, settings.mosaic, settings.dyed)
        wardrobe = self.wardrobe(*settings.parts, others=others)
        return SceneMaker(wardrobe, self.photos.label_indices(), mix, seed=settings.seed, drawn=drawn)


def open_workspace(photos: Path, folder: Path, weights: Path) -> Workspace:
    """The workspace of a folder of labelled pictures; raises BadPhotos if it cannot be used."""
    cv2.setNumThreads(1)
    found = read_photos(photos)
    return Workspace(folder, found, split(found.photographers(), seed=SPLIT_SEED), weights)


@dataclass(frozen=True, slots=True)
class Preparation:
    """How much is cached for training."""

    cut: str = "s16"
    views: int = 9  # of each photo that trains; those for testing have only what judging needs
    broad: Path | None = None  # a folder of pictures of anything
    made: int = 400  # broad pictures made from the photos that train
    broad_views: int = 2
    elsewhere: Path | None = None  # labelled pictures of another domain, for judging only


def prepare(space: Workspace, wanted: Preparation, *, workers: int) -> None:
    """Outlines and caches, each made once; going on where an earlier call stopped."""
    space.cache.mkdir(parents=True, exist_ok=True)
    broad = Broad(pictures_in(wanted.broad) if wanted.broad else (), wanted.made, space.wardrobe("train"), SPLIT_SEED)
    _keep_manifest(space, wanted, broad)
    frozen = frozen_part(space.backbone(), wanted.cut, space.cache, on=device(), threads=workers)
    _cache_photos(space, wanted.views, frozen, workers=workers)
    counts = np.full(len(broad), wanted.broad_views)
    fill(space.cache, "broad", counts=counts, draw=broad.view, frozen=frozen, workers=workers)
    if wanted.elsewhere is not None:
        _cache_elsewhere(space, read_photos(wanted.elsewhere), frozen, workers=workers)


def _keep_manifest(space: Workspace, wanted: Preparation, broad: Broad) -> None:
    """What is about to be cached; raises TrainingProblem if something else is."""
    manifest = space.cache / "manifest.json"
    if manifest.is_file():
        space.check_origin()
    names = [p.path.name for p in space.photos.photos] + [p.name for p in broad.files]
    facts = {
        "cut": wanted.cut,
        "views": wanted.views,
        "broad": len(broad),
        "broad views": wanted.broad_views,
        "elsewhere": space.elsewhere if manifest.is_file() else None,
    }
    write_manifest(manifest, names, facts | space.origin())


def _cache_elsewhere(space: Workspace, others: Photos, frozen: Frozen, *, workers: int) -> None:
    """Each picture of another domain as it is; only one folder of them belongs to a workspace."""
    add_elsewhere(space.cache / "manifest.json", others.digest())

    def draw(index: int, _view: int) -> Pixels:
        return squash(others.photos[index].pixels(), EMBED.image_size_px)

    counts = np.ones(len(others.photos), int)
    fill(space.cache, "elsewhere", counts=counts, draw=draw, frozen=frozen, workers=workers)


def _cache_photos(space: Workspace, views: int, frozen: Frozen, *, workers: int) -> None:
    """Every photo's views, drawn in its own part's wardrobe."""
    part_of = np.empty(len(space.photos.photos), int)
    counts = np.full(len(part_of), views)
    for number, part in enumerate(PARTS):
        part_of[space.parts[part]] = number
    counts[space.parts["test"]] = JUDGED_VIEWS
    wardrobes = [space.wardrobe(part) for part in PARTS]

    def draw(index: int, view: int) -> Pixels:
        return space.drawn_view(wardrobes[part_of[index]], index, view)

    fill(space.cache, "photos", counts=counts, draw=draw, frozen=frozen, workers=workers)


def read_drawn(folder: Path, labels: tuple[str, ...]) -> list[Scene]:
    """Drawn pictures and the boxes of ``objects.json`` beside them, squashed to 320 px.

    Raises BadPhotos if the file or a picture cannot be read; labels that the photos do not know become unknown.
    """
    scenes = []
    for name, truths in read_objects(folder).items():
        pixels = squash(read_pixels(folder / name), DETECT.image_size_px)
        boxes = np.array([astuple(truth.box) for truth in truths], np.float32).reshape(-1, 4)
        known = [labels.index(truth.label) if truth.label in labels else -1 for truth in truths]
        scenes.append(Scene(pixels, boxes, np.array(known, np.int64)))
    return scenes
