"""Picture files given on a command line: their names, and their pixels as the models see them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from inference.errors import PictureRefused
from inference.images import Pixels, decode, squash

SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})


@dataclass(frozen=True, slots=True)
class PictureFile:
    """One file, and the name its results go by."""

    picture_id: str
    path: Path


@dataclass(frozen=True, slots=True)
class PictureBatch:
    """Some pictures, ``images`` holding each as ``(n, size, size, 3) uint8``, and those that could not be read."""

    pictures: tuple[PictureFile, ...]
    images: Pixels
    refused: tuple[tuple[PictureFile, str], ...]


def find(given: Sequence[Path]) -> list[PictureFile]:
    """The files named, and every picture file below the folders named, sorted by path.

    A picture goes by its path below the folder, without the suffix; where two would share a name, with it, and
    where they still would, by its whole path. Raises FileNotFoundError for what is not there.
    """
    found: dict[Path, Path] = {}
    for path in given:
        if path.is_dir():
            inside = (each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
            found.update({each: each.relative_to(path) for each in inside})
        elif path.is_file():
            found[path] = Path(path.name)
        else:
            raise FileNotFoundError(f"{path}: no such picture or folder")
    names = [(path, (below.with_suffix(""), below, path)) for path, below in sorted(found.items())]
    taken = Counter(name for _, choices in names for name in set(choices))
    return [
        PictureFile(next((name for name in choices if taken[name] == 1), path).as_posix(), path)
        for path, choices in names
    ]


async def batches(pictures: Sequence[PictureFile], *, size_px: int, batch: int) -> AsyncIterator[PictureBatch]:
    """The pictures, ``batch`` at a time, decoded and squashed on a thread one batch ahead of the caller."""
    ahead: asyncio.Task[PictureBatch] | None = None
    for first in range(0, len(pictures), batch):
        reading = asyncio.create_task(asyncio.to_thread(read, pictures[first : first + batch], size_px))
        if ahead is not None:
            yield await ahead
        ahead = reading
    if ahead is not None:
        yield await ahead


def read(pictures: Sequence[PictureFile], size_px: int) -> PictureBatch:
    """One batch from disk; blocks. What does not decode is listed with the reason, never raised."""
    images = np.empty((len(pictures), size_px, size_px, 3), np.uint8)
    good: list[PictureFile] = []
    refused: list[tuple[PictureFile, str]] = []
    for picture in pictures:
        try:
            images[len(good)] = squash(decode(picture.path.read_bytes()), size_px)
            good.append(picture)
        except (PictureRefused, OSError) as exc:
            refused.append((picture, str(exc)))
    return PictureBatch(tuple(good), images[: len(good)], tuple(refused))
