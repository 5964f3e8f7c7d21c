"""Fills a workspace's cache: masks, and every picture that training and evaluation need."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inference.images import Pixels, squash
from inference.tensors import EMBED
from inference.training.data.broad import BroadPictures
from inference.training.data.photos import Photos, find_pictures, read_photos
from inference.training.data.split import PARTS
from inference.training.data.views import EVALUATED_VIEWS
from inference.training.manifest import add_elsewhere, write_manifest
from inference.training.train.cache import Frozen, cache_views, frozen_part
from inference.training.train.runs import device
from inference.training.workspace import SPLIT_SEED, Workspace


@dataclass(frozen=True, slots=True)
class Preparation:
    """How much is cached for training."""

    cut: str = "s16"
    views: int = 9  # of each photo that trains; those for testing have only the evaluated ones
    broad: Path | None = None  # a folder of pictures of anything
    made: int = 400  # broad pictures made from the photos that train
    broad_views: int = 2
    elsewhere: Path | None = None  # labelled pictures of another domain, for evaluation only


def prepare(space: Workspace, wanted: Preparation, *, workers: int) -> None:
    """Caches what is wanted; an interrupted call can be repeated and goes on with the next cache."""
    space.cache.mkdir(parents=True, exist_ok=True)
    files = find_pictures(wanted.broad) if wanted.broad else ()
    broad = BroadPictures(files, wanted.made, space.pool("train"), SPLIT_SEED)
    _write_manifest(space, wanted, broad)
    frozen = frozen_part(space.backbone(), wanted.cut, space.cache, on=device(), threads=workers)
    _cache_photos(space, wanted.views, frozen, workers=workers)
    counts = np.full(len(broad), wanted.broad_views)
    cache_views(space.cache, "broad", counts=counts, draw=broad.view, frozen=frozen, workers=workers)
    if wanted.elsewhere is not None:
        _cache_elsewhere(space, read_photos(wanted.elsewhere), frozen, workers=workers)


def _write_manifest(space: Workspace, wanted: Preparation, broad: BroadPictures) -> None:
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


def _cache_photos(space: Workspace, views: int, frozen: Frozen, *, workers: int) -> None:
    """Every photo's views, drawn with the photos of its own part only."""
    part_of = np.empty(len(space.photos.photos), int)
    counts = np.full(len(part_of), views)
    for number, part in enumerate(PARTS):
        part_of[space.parts[part]] = number
    counts[space.parts["test"]] = EVALUATED_VIEWS
    pools = [space.pool(part) for part in PARTS]

    def draw(index: int, view: int) -> Pixels:
        return space.view(pools[part_of[index]], index, view)

    cache_views(space.cache, "photos", counts=counts, draw=draw, frozen=frozen, workers=workers)


def _cache_elsewhere(space: Workspace, others: Photos, frozen: Frozen, *, workers: int) -> None:
    """Each picture of another domain as it is; a workspace has one folder of them."""
    add_elsewhere(space.cache / "manifest.json", others.digest())

    def draw(index: int, _view: int) -> Pixels:
        return squash(others.photos[index].pixels(), EMBED.image_size_px)

    counts = np.ones(len(others.photos), int)
    cache_views(space.cache, "elsewhere", counts=counts, draw=draw, frozen=frozen, workers=workers)
